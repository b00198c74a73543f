//! One range of a file's bytes, as a lock of the family.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Error, Lock, SharedLock};

use crate::guard::FileGuard;
use crate::options::Handle;
use crate::request::{Request, try_now, wait};
use crate::sys::{Bytes, Mode};
use crate::waiter::Patience;

/// One range of a file's bytes, which is locked as a whole: what [`RangeLock::range`] makes.
///
/// It has the verbs of the family, blocking and async, exclusive and shared. How it waits is said
/// at [`RangeLock`].
///
/// ```
/// use lockset_api::{AsyncSharedLock, Lock, block_on};
/// use lockset_file::RangeLock;
///
/// # let dir = tempfile::tempdir().unwrap();
/// let header = RangeLock::open(dir.path().join("pages"))?.range(..64)?;
/// let reader = block_on(header.read_async())?;
/// assert!(header.try_lock()?.is_none());
/// # drop(reader);
/// # Ok::<(), lockset_api::Error>(())
/// ```
///
/// [`RangeLock`]: crate::RangeLock
/// [`RangeLock::range`]: crate::RangeLock::range
#[derive(Clone)]
pub struct Region {
    handle: Arc<Handle>,
    bytes: Bytes,
}

/// Holds a range of a file, exclusively or shared; dropping it unlocks the range.
///
/// It borrows nothing and may be sent to another thread or task. In a forked child it is nothing:
/// the lock is its parent's, and dropping it there does not unlock.
#[must_use = "dropping the guard unlocks the range"]
pub struct RangeGuard {
    guard: FileGuard,
    bytes: Bytes,
}

impl Region {
    pub(crate) const fn new(handle: Arc<Handle>, bytes: Bytes) -> Self {
        Self { handle, bytes }
    }

    /// The path of the file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.handle.path
    }

    fn guard(&self, guard: FileGuard) -> RangeGuard {
        RangeGuard { guard, bytes: self.bytes }
    }

    fn try_mode(&self, mode: Mode) -> Result<Option<RangeGuard>, Error> {
        Ok(try_now(&self.handle, mode)?.map(|guard| self.guard(guard)))
    }

    fn wait(&self, mode: Mode, deadline: Deadline) -> Result<Option<RangeGuard>, Error> {
        Ok(wait(&self.handle, mode, deadline)?.map(|guard| self.guard(guard)))
    }

    async fn wait_async(&self, mode: Mode) -> Result<RangeGuard, Error> {
        let request = Request::new(Arc::clone(&self.handle), mode, Patience::Async);
        Ok(self.guard(request.await?))
    }
}

impl RangeGuard {
    /// Whether it was taken exclusively or shared.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.guard.mode()
    }
}

impl Lock for Region {
    type Guard<'a> = RangeGuard;
    type Error = Error;

    fn lock(&self) -> Result<RangeGuard, Error> {
        self.lock_until(Deadline::NEVER).map(|granted| granted.expect("waited without end"))
    }

    fn try_lock(&self) -> Result<Option<RangeGuard>, Error> {
        self.try_mode(Mode::Exclusive)
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<RangeGuard>, Error> {
        self.wait(Mode::Exclusive, deadline)
    }
}

impl SharedLock for Region {
    type SharedGuard<'a> = RangeGuard;

    fn read(&self) -> Result<RangeGuard, Error> {
        self.read_until(Deadline::NEVER).map(|granted| granted.expect("waited without end"))
    }

    fn try_read(&self) -> Result<Option<RangeGuard>, Error> {
        self.try_mode(Mode::Shared)
    }

    fn read_until(&self, deadline: Deadline) -> Result<Option<RangeGuard>, Error> {
        self.wait(Mode::Shared, deadline)
    }
}

impl AsyncLock for Region {
    type Guard<'a> = RangeGuard;
    type Error = Error;

    fn lock_async(&self) -> impl Future<Output = Result<RangeGuard, Error>> + Send {
        self.wait_async(Mode::Exclusive)
    }

    async fn try_lock_async(&self) -> Result<Option<RangeGuard>, Error> {
        self.try_mode(Mode::Exclusive)
    }
}

impl AsyncSharedLock for Region {
    type SharedGuard<'a> = RangeGuard;

    fn read_async(&self) -> impl Future<Output = Result<RangeGuard, Error>> + Send {
        self.wait_async(Mode::Shared)
    }

    async fn try_read_async(&self) -> Result<Option<RangeGuard>, Error> {
        self.try_mode(Mode::Shared)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Region");
        shown.field("path", &self.handle.path).field("start", &self.bytes.start);
        shown.field("length", &self.bytes.length).finish_non_exhaustive()
    }
}

impl fmt::Debug for RangeGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RangeGuard");
        shown.field("start", &self.bytes.start).field("length", &self.bytes.length);
        shown.field("mode", &self.mode()).finish_non_exhaustive()
    }
}
