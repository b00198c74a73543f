//! The semaphore behind the trait family: as permits, and, one permit at a time, as a lock.

use lockset_api::{AsyncLock, AsyncPermits, Deadline, Lock, Permits};

use crate::{AcquireError, Permit, Semaphore};

impl Permits for Semaphore {
    type Permit<'a> = Permit<'a>;
    type Error = AcquireError;

    fn acquire(&self, n: usize) -> Result<Permit<'_>, AcquireError> {
        self.acquire(n)
    }

    fn try_acquire(&self, n: usize) -> Result<Option<Permit<'_>>, AcquireError> {
        self.try_acquire(n)
    }

    fn acquire_until(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<Permit<'_>>, AcquireError> {
        self.acquire_until(n, deadline)
    }
}

impl AsyncPermits for Semaphore {
    type Permit<'a> = Permit<'a>;
    type Error = AcquireError;

    async fn acquire_async(&self, n: usize) -> Result<Permit<'_>, AcquireError> {
        self.acquire_async(n).await
    }
}

/// One permit: an exclusive lock if the semaphore was made with one.
impl Lock for Semaphore {
    type Guard<'a> = Permit<'a>;
    type Error = AcquireError;

    fn lock(&self) -> Result<Permit<'_>, AcquireError> {
        self.acquire(1)
    }

    fn try_lock(&self) -> Result<Option<Permit<'_>>, AcquireError> {
        self.try_acquire(1)
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<Permit<'_>>, AcquireError> {
        self.acquire_until(1, deadline)
    }
}

/// One permit, as under [`Lock`].
impl AsyncLock for Semaphore {
    type Guard<'a> = Permit<'a>;
    type Error = AcquireError;

    async fn lock_async(&self) -> Result<Permit<'_>, AcquireError> {
        self.acquire_async(1).await
    }

    async fn try_lock_async(&self) -> Result<Option<Permit<'_>>, AcquireError> {
        self.try_acquire(1)
    }
}
