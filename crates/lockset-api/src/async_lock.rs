//! The same verbs for tasks.
//!
//! Their names end in `_async`, because most locks here have both fronts and a call must say which
//! one it means. Every future is `Send` and cancel-safe: dropping it takes the waiter out of the
//! queue, and if the lock had been granted to it in that moment, gives it back.

use core::error::Error;
use core::task::Poll;
use std::future::poll_fn;
use std::pin::pin;

use crate::Deadline;
use crate::timer::Sleep;

/// [`Lock`](crate::Lock) for tasks: waiting gives the thread to others.
pub trait AsyncLock: Sync {
    /// What holds the lock, and gives it back when dropped.
    type Guard<'a>
    where
        Self: 'a;
    /// Why the lock could not be had.
    type Error: Error + Send + Sync + 'static;

    /// Waits until the lock is granted. Cancel-safe.
    fn lock_async(&self) -> impl Future<Output = Result<Self::Guard<'_>, Self::Error>> + Send;

    /// Takes the lock if nobody holds it. Cancel-safe.
    fn try_lock_async(
        &self,
    ) -> impl Future<Output = Result<Option<Self::Guard<'_>>, Self::Error>> + Send;

    /// Waits until the lock is granted or `deadline` has passed; `Ok(None)` then. Cancel-safe.
    ///
    /// # Panics
    ///
    /// When the process can have no more threads, and has not yet the one that wakes tasks in time.
    fn lock_until_async(
        &self,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<Self::Guard<'_>>, Self::Error>> + Send {
        until(deadline, self.lock_async())
    }
}

/// [`SharedLock`](crate::SharedLock) for tasks.
pub trait AsyncSharedLock: AsyncLock {
    /// What shares the lock, and gives its share back when dropped.
    type SharedGuard<'a>
    where
        Self: 'a;

    /// Waits until no writer holds the lock. Cancel-safe.
    fn read_async(&self)
    -> impl Future<Output = Result<Self::SharedGuard<'_>, Self::Error>> + Send;

    /// Shares the lock if no writer holds it. Cancel-safe.
    fn try_read_async(
        &self,
    ) -> impl Future<Output = Result<Option<Self::SharedGuard<'_>>, Self::Error>> + Send;

    /// Waits until no writer holds the lock or `deadline` has passed. Cancel-safe.
    ///
    /// # Panics
    ///
    /// As [`lock_until_async`](AsyncLock::lock_until_async).
    fn read_until_async(
        &self,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<Self::SharedGuard<'_>>, Self::Error>> + Send {
        until(deadline, self.read_async())
    }
}

/// [`Permits`](crate::Permits) for tasks.
pub trait AsyncPermits: Sync {
    /// What holds the permits, and gives them back when dropped.
    type Permit<'a>
    where
        Self: 'a;
    /// Why permits could not be had.
    type Error: Error + Send + Sync + 'static;

    /// Waits until `n` permits are granted. Cancel-safe.
    fn acquire_async(
        &self,
        n: usize,
    ) -> impl Future<Output = Result<Self::Permit<'_>, Self::Error>> + Send;

    /// Waits until `n` permits are granted or `deadline` has passed; `Ok(None)` then. Cancel-safe.
    fn acquire_until_async(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<Self::Permit<'_>>, Self::Error>> + Send {
        until(deadline, self.acquire_async(n))
    }
}

/// Polls `wait` until it is ready or `deadline` has passed; a grant wins over the deadline.
async fn until<G, E>(
    deadline: Deadline,
    wait: impl Future<Output = Result<G, E>>,
) -> Result<Option<G>, E> {
    let mut wait = pin!(wait);
    let mut sleep = pin!(deadline.instant().map(Sleep::until));
    poll_fn(|context| {
        if let Poll::Ready(granted) = wait.as_mut().poll(context) {
            return Poll::Ready(granted.map(Some));
        }
        match sleep.as_mut().as_pin_mut().map(|sleep| sleep.poll(context)) {
            Some(Poll::Ready(())) => Poll::Ready(Ok(None)),
            _ => Poll::Pending,
        }
    })
    .await
}
