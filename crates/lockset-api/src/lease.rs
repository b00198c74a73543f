//! A guard that can be lost, and the locks that hand such guards out.

use std::time::Duration;

use crate::{Deadline, Error, Fence, Lock, Loss, Lost};

/// What the guard of a losable lock is, besides a guard.
///
/// Dropping a lease gives it back without waiting for the server; [`Lease::release`] waits, and
/// tells whether the lock had been ours until then.
#[must_use = "a lease that is dropped is given back at once"]
#[diagnostic::on_unimplemented(
    message = "the guard `{Self}` is no lease",
    note = "only a lock that can be lost has leases, and with them fences: a mutex or a file lock \
            has none"
)]
pub trait Lease {
    /// What a release can fail with.
    type Error: core::error::Error + Send + Sync + 'static;

    /// A number greater than that of every earlier holder of this lock.
    fn fence(&self) -> Fence;

    /// How long the lease is certain to last, by this process's monotonic clock; zero once lost.
    ///
    /// Pessimistic: counted from before the grant was asked for, less an allowance for clocks that
    /// run at different speeds. Nothing between this answer and the next instruction is certain to
    /// take less time than that: only a fence protects a write.
    fn remaining(&self) -> Duration;

    /// Tells when the lease is lost: a flag, a blocking wait and a future.
    fn lost(&self) -> Lost;

    /// Gives the lock back and says whether it was still ours.
    ///
    /// # Errors
    ///
    /// When the server could not be told. The lease then ends with its time.
    fn release(self) -> Result<Released, Self::Error>
    where
        Self: Sized;
}

/// How a release went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a lease may have been lost before it was released"]
#[non_exhaustive]
pub enum Released {
    /// The lock was ours until now.
    InTime,
    /// The lock had been lost before; somebody else may have held it since.
    AlreadyLost(Loss),
}

/// A [`Lock`] whose guard is a [`Lease`]: what code that must know about loss asks for.
///
/// It is implemented for every such lock, in [`Error`]s of one type so that callers need no third
/// type parameter.
pub trait LeaseLock: Lock {
    /// The guard, known to be a lease.
    type Lease<'a>: Lease<Error = Error>
    where
        Self: 'a;

    /// [`Lock::lock`], its guard known to be a lease.
    ///
    /// # Errors
    ///
    /// As [`Lock::lock`].
    fn lease(&self) -> Result<Self::Lease<'_>, Error>;

    /// [`Lock::try_lock`], its guard known to be a lease.
    ///
    /// # Errors
    ///
    /// As [`Lock::try_lock`].
    fn try_lease(&self) -> Result<Option<Self::Lease<'_>>, Error>;

    /// [`Lock::lock_until`], its guard known to be a lease.
    ///
    /// # Errors
    ///
    /// As [`Lock::lock_until`].
    fn lease_until(&self, deadline: Deadline) -> Result<Option<Self::Lease<'_>>, Error>;
}

impl<L> LeaseLock for L
where
    L: Lock<Error = Error> + 'static,
    for<'a> L::Guard<'a>: Lease<Error = Error>,
{
    type Lease<'a> = L::Guard<'a>;

    fn lease(&self) -> Result<Self::Lease<'_>, Error> {
        self.lock()
    }

    fn try_lease(&self) -> Result<Option<Self::Lease<'_>>, Error> {
        self.try_lock()
    }

    fn lease_until(&self, deadline: Deadline) -> Result<Option<Self::Lease<'_>>, Error> {
        self.lock_until(deadline)
    }
}
