//! From an async lock to a blocking one.

use crate::block_on;
use crate::{AsyncLock, AsyncPermits, AsyncSharedLock, Deadline, Lock, Permits, SharedLock};

/// The blocking front of an async lock: each verb runs its future on the calling thread.
///
/// With it one suite, written over the blocking traits, checks both fronts of a lock.
#[derive(Clone, Debug)]
pub struct Blocking<L>(L);

impl<L> Blocking<L> {
    /// The blocking front of `lock`.
    pub const fn new(lock: L) -> Self {
        Self(lock)
    }
}

impl<L: AsyncLock> Lock for Blocking<L> {
    type Guard<'a>
        = L::Guard<'a>
    where
        Self: 'a;
    type Error = L::Error;

    #[track_caller]
    fn lock(&self) -> Result<Self::Guard<'_>, Self::Error> {
        block_on(self.0.lock_async())
    }

    #[track_caller]
    fn try_lock(&self) -> Result<Option<Self::Guard<'_>>, Self::Error> {
        block_on(self.0.try_lock_async())
    }

    #[track_caller]
    fn lock_until(&self, deadline: Deadline) -> Result<Option<Self::Guard<'_>>, Self::Error> {
        block_on(self.0.lock_until_async(deadline))
    }
}

impl<L: AsyncSharedLock> SharedLock for Blocking<L> {
    type SharedGuard<'a>
        = L::SharedGuard<'a>
    where
        Self: 'a;

    #[track_caller]
    fn read(&self) -> Result<Self::SharedGuard<'_>, Self::Error> {
        block_on(self.0.read_async())
    }

    #[track_caller]
    fn try_read(&self) -> Result<Option<Self::SharedGuard<'_>>, Self::Error> {
        block_on(self.0.try_read_async())
    }

    #[track_caller]
    fn read_until(&self, deadline: Deadline) -> Result<Option<Self::SharedGuard<'_>>, Self::Error> {
        block_on(self.0.read_until_async(deadline))
    }
}

impl<L: AsyncPermits> Permits for Blocking<L> {
    type Permit<'a>
        = L::Permit<'a>
    where
        Self: 'a;
    type Error = L::Error;

    #[track_caller]
    fn acquire(&self, n: usize) -> Result<Self::Permit<'_>, Self::Error> {
        block_on(self.0.acquire_async(n))
    }

    #[track_caller]
    fn try_acquire(&self, n: usize) -> Result<Option<Self::Permit<'_>>, Self::Error> {
        block_on(self.0.acquire_until_async(n, Deadline::after(std::time::Duration::ZERO)))
    }

    #[track_caller]
    fn acquire_until(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<Self::Permit<'_>>, Self::Error> {
        block_on(self.0.acquire_until_async(n, deadline))
    }
}
