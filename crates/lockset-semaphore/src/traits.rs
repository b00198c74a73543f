//! The semaphore behind the trait family: as permits, and, one permit at a time, as a lock.

use lockset_api::{AsyncLock, AsyncPermits, Deadline, Lock, Permits};

use crate::{AcquireError, Permit, Policy, SemaphoreWith};

impl<P: Policy> Permits for SemaphoreWith<P> {
    type Permit<'a> = Permit<&'a Self>;
    type Error = AcquireError;

    fn acquire(&self, n: usize) -> Result<Permit<&Self>, AcquireError> {
        self.acquire(n)
    }

    fn try_acquire(&self, n: usize) -> Result<Option<Permit<&Self>>, AcquireError> {
        self.try_acquire(n)
    }

    fn acquire_until(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<Permit<&Self>>, AcquireError> {
        self.acquire_until(n, deadline)
    }
}

impl<P: Policy> AsyncPermits for SemaphoreWith<P> {
    type Permit<'a> = Permit<&'a Self>;
    type Error = AcquireError;

    async fn acquire_async(&self, n: usize) -> Result<Permit<&Self>, AcquireError> {
        self.acquire_async(n).await
    }
}

/// One permit: an exclusive lock if the semaphore was made with one.
impl<P: Policy> Lock for SemaphoreWith<P> {
    type Guard<'a> = Permit<&'a Self>;
    type Error = AcquireError;

    fn lock(&self) -> Result<Permit<&Self>, AcquireError> {
        self.acquire(1)
    }

    fn try_lock(&self) -> Result<Option<Permit<&Self>>, AcquireError> {
        self.try_acquire(1)
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<Permit<&Self>>, AcquireError> {
        self.acquire_until(1, deadline)
    }
}

/// One permit, as under [`Lock`].
impl<P: Policy> AsyncLock for SemaphoreWith<P> {
    type Guard<'a> = Permit<&'a Self>;
    type Error = AcquireError;

    async fn lock_async(&self) -> Result<Permit<&Self>, AcquireError> {
        self.acquire_async(1).await
    }

    async fn try_lock_async(&self) -> Result<Option<Permit<&Self>>, AcquireError> {
        self.try_acquire(1)
    }
}
