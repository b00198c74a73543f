//! The seam between the engine and a server: what one backend has to know.

use core::fmt;
use core::pin::Pin;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Fence, Name};

use crate::Request;

/// One exchange with a server, under way.
///
/// Boxed, so that a store can be chosen at run time; the allocation is nothing beside a round trip.
pub type Op<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A server that keeps leases: the port that a backend implements.
///
/// The engine does everything else: deadlines, renewals, retries, cleaning up, telling of losses.
/// So a store keeps no state about leases of its own, and each method is one exchange with the
/// server. They are called on the engine's driver, inside a tokio runtime with time enabled.
///
/// What a store promises:
/// 1. At most one unexpired request id holds a name, and only the server's clock decides what has
///    expired.
/// 2. Every grant of a name carries a fence greater than all before it.
/// 3. [`renew`](Self::renew) and [`release`](Self::release) act on the id that they are given and
///    on nothing else, however late they come.
pub trait LeaseStore: Send + Sync + 'static {
    /// What this server is called in messages: its URL, without secrets.
    fn label(&self) -> &str;

    /// Refuses a name that this server cannot take; any [`Name`] passes unless a store objects.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`], with the reason.
    fn check(&self, name: &Name) -> Result<(), Error> {
        let _ = name;
        Ok(())
    }

    /// Takes the lock if it is free, in one atomic step on the server.
    fn attempt<'a>(&'a self, request: &'a Request) -> Op<'a, Attempt>;

    /// Returns when it is worth attempting again: on news from the server, or, where there is none
    /// to be had, after a pause. `round` counts the attempts that failed, from 1; `held` is how
    /// much longer the holder has at most.
    fn wait<'a>(&'a self, request: &'a Request, round: u32, held: Duration) -> Op<'a, ()>;

    /// Lets the lease last for [`Request::ttl`] from now, if it is still this request's.
    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed>;

    /// Gives back whatever this request has come to own. May be called at any time, and again.
    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn>;
}

/// The server's answer to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// The lock is ours, with this fence.
    Granted(Fence),
    /// Somebody else has it; the attempt left nothing behind.
    Busy {
        /// How much longer the holder has, unless it renews.
        held: Duration,
    },
}

/// The server's answer to a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewed {
    /// It lasts for another TTL.
    Yes,
    /// It is not ours any more.
    Gone,
}

/// The server's answer to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Withdrawn {
    /// The lock was ours, and is free now.
    Freed,
    /// The request owned nothing.
    NotHeld,
}

/// Why an exchange with the server failed, as far as the engine has to know.
#[derive(Debug)]
pub struct StoreError {
    fault: Fault,
    source: Box<dyn core::error::Error + Send + Sync>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Unreachable,
    Interrupted,
    Refused,
}

impl StoreError {
    /// The server could not be reached: it has not seen the request.
    pub fn unreachable(source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Unreachable, source: source.into() }
    }

    /// The request may have reached the server, but no answer came.
    pub fn interrupted(source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Interrupted, source: source.into() }
    }

    /// The server answered that it will not, or cannot, or what makes no sense.
    pub fn refused(source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Refused, source: source.into() }
    }

    /// Whether the server may have acted on the request.
    pub(crate) fn may_have_acted(&self) -> bool {
        self.fault == Fault::Interrupted
    }

    /// What the user is told.
    pub(crate) fn explain(self, store: &dyn LeaseStore, doing: &str) -> Error {
        let store = store.label();
        let (kind, detail) = match self.fault {
            Fault::Unreachable => {
                (ErrorKind::Unavailable, format!("cannot {doing}: {store} cannot be reached"))
            }
            Fault::Interrupted => (
                ErrorKind::Unknown,
                format!("{store} did not answer when asked to {doing}; being undone"),
            ),
            Fault::Refused => (ErrorKind::Denied, format!("{store} refused to {doing}")),
        };
        Error::new(kind, detail).with_source(self.source)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.fault {
            Fault::Unreachable => "the server cannot be reached",
            Fault::Interrupted => "the server did not answer",
            Fault::Refused => "the server refused",
        })
    }
}

impl core::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.source)
    }
}
