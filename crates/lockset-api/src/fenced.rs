//! The other half of a fence: a resource that refuses a stale one.

use core::fmt;
use std::sync::{Mutex, PoisonError};

use crate::{Error, ErrorKind, Fence};

/// A value that only accepts writes whose fence is not lower than any it has accepted.
///
/// The check and the write are one step: were they two, a newer holder could write between them.
/// A database does the same with `UPDATE … WHERE fence <= ?`, and so can Redis and a file:
/// `FencedTable` and `FencedHash` of the crate `lockset-remote` and `FencedFile` of `lockset-file`.
///
/// ```
/// use lockset_api::{Fence, Fenced};
///
/// let account = Fenced::new(100);
/// account.write(Fence::new(2), |cents| *cents += 5).unwrap();
/// // The holder before, paused until now, comes too late.
/// let stale = account.write(Fence::new(1), |cents| *cents = 0).unwrap_err();
/// assert_eq!((stale.refused, stale.newest), (Fence::new(1), Fence::new(2)));
/// assert_eq!(account.read(|cents| *cents), 105);
/// ```
pub struct Fenced<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    newest: Option<Fence>,
    value: T,
}

/// A write was refused: somebody with a newer fence had written already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaleFence {
    /// The fence that the refused write carried.
    pub refused: Fence,
    /// The highest fence that the resource has accepted.
    pub newest: Fence,
}

impl<T> Fenced<T> {
    /// A resource that has not seen a fence yet.
    pub const fn new(value: T) -> Self {
        Self { state: Mutex::new(State { newest: None, value }) }
    }

    /// Runs `write` on the value if `fence` is at least as new as every fence accepted so far.
    ///
    /// # Errors
    ///
    /// [`StaleFence`] if a newer fence has been accepted; `write` is not called then.
    pub fn write<R>(&self, fence: Fence, write: impl FnOnce(&mut T) -> R) -> Result<R, StaleFence> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.newest {
            Some(newest) if newest > fence => Err(StaleFence { refused: fence, newest }),
            _ => {
                state.newest = Some(fence);
                Ok(write(&mut state.value))
            }
        }
    }

    /// Reads the value. A read needs no fence: it cannot undo anybody's work.
    pub fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.state.lock().unwrap_or_else(PoisonError::into_inner).value)
    }
}

impl StaleFence {
    /// The refusal of a write with the fence `refused` by a resource that has seen `newest`: for
    /// whoever writes such a resource.
    #[must_use]
    pub const fn new(refused: Fence, newest: Fence) -> Self {
        Self { refused, newest }
    }
}

impl<T> fmt::Debug for Fenced<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fenced").finish_non_exhaustive()
    }
}

impl fmt::Display for StaleFence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { refused, newest } = self;
        write!(f, "stale fence {refused}: a holder with fence {newest} has written since")
    }
}

impl core::error::Error for StaleFence {}

impl From<StaleFence> for Error {
    fn from(stale: StaleFence) -> Self {
        Self::new(ErrorKind::Lost, "the write was refused").with_source(stale)
    }
}
