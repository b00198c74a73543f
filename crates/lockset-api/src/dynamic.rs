//! A lock that is chosen at run time.
//!
//! The kind of guard stays in the type: [`DynLock`] is any lock, and [`DynLeaseLock`] one whose
//! guard is known to be a lease. A `Box` of either is a [`Lock`] itself, so generic code takes it
//! as it takes the lock inside.

use core::fmt;
use std::time::Duration;

use crate::{Deadline, Error, Fence, Lease, LeaseLock, Lock, Lost, Released};

/// Any [`Lock`], as `Box<dyn DynLock>`; implemented for every lock that threads can share.
///
/// ```
/// use lockset_api::{DynLock, Lock};
///
/// let chosen: Box<dyn DynLock> = Box::new(parking_lot::Mutex::new(()));
/// let guard = chosen.lock().unwrap();
/// assert!(chosen.try_lock().unwrap().is_none());
/// # drop(guard);
/// ```
pub trait DynLock: Send + Sync {
    /// [`Lock::lock`], its guard and error made one type for all locks.
    ///
    /// # Errors
    ///
    /// As the lock's own.
    fn dyn_lock(&self) -> Result<DynGuard<'_>, Error>;

    /// [`Lock::lock_until`]; with a deadline in the past it is [`Lock::try_lock`].
    ///
    /// # Errors
    ///
    /// As the lock's own.
    fn dyn_lock_until(&self, deadline: Deadline) -> Result<Option<DynGuard<'_>>, Error>;

    /// [`Lock::try_lock`].
    ///
    /// # Errors
    ///
    /// As the lock's own.
    fn dyn_try_lock(&self) -> Result<Option<DynGuard<'_>>, Error>;
}

/// The guard of a [`DynLock`]: all it can do is give the lock back when dropped.
#[must_use = "dropping the guard gives the lock back"]
pub struct DynGuard<'a> {
    _held: Box<dyn Held + 'a>,
}

/// Anything, kept only so that it is dropped.
trait Held {}
impl<T> Held for T {}

impl<'a> DynGuard<'a> {
    fn new(guard: impl Sized + 'a) -> Self {
        Self { _held: Box::new(guard) }
    }
}

impl<L: Lock + Send + Sync> DynLock for L {
    fn dyn_lock(&self) -> Result<DynGuard<'_>, Error> {
        self.lock().map(DynGuard::new).map_err(Error::erase)
    }

    fn dyn_lock_until(&self, deadline: Deadline) -> Result<Option<DynGuard<'_>>, Error> {
        let granted = self.lock_until(deadline).map_err(Error::erase)?;
        Ok(granted.map(DynGuard::new))
    }

    fn dyn_try_lock(&self) -> Result<Option<DynGuard<'_>>, Error> {
        Ok(self.try_lock().map_err(Error::erase)?.map(DynGuard::new))
    }
}

impl Lock for dyn DynLock {
    type Guard<'a> = DynGuard<'a>;
    type Error = Error;

    fn lock(&self) -> Result<DynGuard<'_>, Error> {
        self.dyn_lock()
    }

    fn try_lock(&self) -> Result<Option<DynGuard<'_>>, Error> {
        self.dyn_try_lock()
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<DynGuard<'_>>, Error> {
        self.dyn_lock_until(deadline)
    }
}

/// Any [`LeaseLock`], as `Box<dyn DynLeaseLock>`.
pub trait DynLeaseLock: Send + Sync {
    /// [`LeaseLock::lease`], its guard made one type for all locks.
    ///
    /// # Errors
    ///
    /// As the lock's own.
    fn dyn_lease(&self) -> Result<DynLease<'_>, Error>;

    /// [`LeaseLock::lease_until`].
    ///
    /// # Errors
    ///
    /// As the lock's own.
    fn dyn_lease_until(&self, deadline: Deadline) -> Result<Option<DynLease<'_>>, Error>;

    /// [`LeaseLock::try_lease`].
    ///
    /// # Errors
    ///
    /// As the lock's own.
    fn dyn_try_lease(&self) -> Result<Option<DynLease<'_>>, Error>;
}

/// The lease of a [`DynLeaseLock`].
#[must_use = "a lease that is dropped is given back at once"]
pub struct DynLease<'a>(Box<dyn ErasedLease + 'a>);

/// [`Lease`] with a release that a `dyn` can call.
trait ErasedLease {
    fn fence(&self) -> Fence;
    fn remaining(&self) -> Duration;
    fn lost(&self) -> Lost;
    fn release(self: Box<Self>) -> Result<Released, Error>;
}

impl<T: Lease<Error = Error>> ErasedLease for T {
    fn fence(&self) -> Fence {
        Lease::fence(self)
    }

    fn remaining(&self) -> Duration {
        Lease::remaining(self)
    }

    fn lost(&self) -> Lost {
        Lease::lost(self)
    }

    fn release(self: Box<Self>) -> Result<Released, Error> {
        Lease::release(*self)
    }
}

impl<'a> DynLease<'a> {
    fn new(lease: impl Lease<Error = Error> + 'a) -> Self {
        Self(Box::new(lease))
    }
}

impl Lease for DynLease<'_> {
    type Error = Error;

    fn fence(&self) -> Fence {
        self.0.fence()
    }

    fn remaining(&self) -> Duration {
        self.0.remaining()
    }

    fn lost(&self) -> Lost {
        self.0.lost()
    }

    fn release(self) -> Result<Released, Error> {
        self.0.release()
    }
}

impl<L: LeaseLock + Send + Sync> DynLeaseLock for L {
    fn dyn_lease(&self) -> Result<DynLease<'_>, Error> {
        self.lease().map(DynLease::new)
    }

    fn dyn_lease_until(&self, deadline: Deadline) -> Result<Option<DynLease<'_>>, Error> {
        Ok(self.lease_until(deadline)?.map(DynLease::new))
    }

    fn dyn_try_lease(&self) -> Result<Option<DynLease<'_>>, Error> {
        Ok(self.try_lease()?.map(DynLease::new))
    }
}

impl Lock for dyn DynLeaseLock {
    type Guard<'a> = DynLease<'a>;
    type Error = Error;

    fn lock(&self) -> Result<DynLease<'_>, Error> {
        self.dyn_lease()
    }

    fn try_lock(&self) -> Result<Option<DynLease<'_>>, Error> {
        self.dyn_try_lease()
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<DynLease<'_>>, Error> {
        self.dyn_lease_until(deadline)
    }
}

impl fmt::Debug for DynGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynGuard").finish_non_exhaustive()
    }
}

impl fmt::Debug for DynLease<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fence, remaining) = (self.0.fence(), self.0.remaining());
        f.debug_struct("DynLease").field("fence", &fence).field("remaining", &remaining).finish()
    }
}
