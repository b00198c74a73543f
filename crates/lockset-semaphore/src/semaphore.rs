//! The semaphore and its permits.

use core::fmt;

use lockset_api::Deadline;

use crate::queue::Queue;
use crate::sync::{self, Mutex};
use crate::{Acquire, AcquireError};

/// So many permits, granted in the order in which they were asked for.
///
/// Threads and tasks wait in one queue. A request for several permits is granted all of them or
/// none, and keeps its place until it is: smaller ones that came later wait behind it, so a large
/// request is never starved.
///
/// A waiter that gives up, by a deadline or by dropping the future, leaves no trace: its place is
/// free, and permits granted to it in that moment go to the next.
///
/// # Notes about memory ordering
///
/// What was done before permits were given back, or the semaphore closed, happens before whatever
/// is done by those who are granted permits, or told of the closing, afterwards. All of it passes
/// through one mutex, so all calls on one semaphore have one order that everybody agrees upon.
pub struct Semaphore {
    queue: Mutex<Queue>,
    limit: usize,
}

/// Permits of a [`Semaphore`]; dropping them gives them back.
#[must_use = "permits that are dropped are given back at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    count: usize,
}

impl Semaphore {
    /// A semaphore with this many permits.
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        Self { queue: Mutex::new(Queue::new(permits)), limit: permits }
    }

    /// Blocks the thread until `n` permits are granted.
    ///
    /// Inside an async runtime it blocks the runtime's thread, as every blocking call does; use
    /// [`acquire_async`](Self::acquire_async) there.
    ///
    /// # Errors
    ///
    /// [`AcquireError::TooMany`] if there are not that many permits in all,
    /// [`AcquireError::Closed`] if the semaphore is closed before they are granted.
    ///
    /// ```
    /// use lockset_semaphore::{AcquireError, Semaphore};
    ///
    /// let semaphore = Semaphore::new(2);
    /// let both = semaphore.acquire(2).unwrap();
    /// assert!(semaphore.try_acquire(1).unwrap().is_none());
    /// drop(both);
    /// let error = semaphore.acquire(3).unwrap_err();
    /// assert!(matches!(error, AcquireError::TooMany { asked: 3, limit: 2, .. }));
    /// ```
    pub fn acquire(&self, n: usize) -> Result<Permit<'_>, AcquireError> {
        loop {
            if let Some(permit) = self.acquire_until(n, Deadline::NEVER)? {
                return Ok(permit);
            }
        }
    }

    /// Blocks the thread until `n` permits are granted or `deadline` has passed; `Ok(None)` then.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_until(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<Permit<'_>>, AcquireError> {
        sync::block_until(self.acquire_async(n), deadline).transpose()
    }

    /// Takes `n` permits if they are free and nobody waits; `Ok(None)` otherwise.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn try_acquire(&self, n: usize) -> Result<Option<Permit<'_>>, AcquireError> {
        let mut queue = self.queue.lock();
        self.check(&queue, n)?;
        Ok(queue.take(n).then(|| self.permit(n)))
    }

    /// Waits as a task until `n` permits are granted.
    ///
    /// Nothing happens before the first poll. Cancel-safe: dropping the future gives up the place
    /// in the queue and gives back what was granted meanwhile.
    #[must_use = "a future does nothing unless it is awaited"]
    pub const fn acquire_async(&self, n: usize) -> Acquire<'_> {
        Acquire::new(self, n)
    }

    /// How many permits are free at this moment; it may be another number by the time it is read.
    #[must_use]
    pub fn available(&self) -> usize {
        self.queue.lock().free()
    }

    /// Sends all waiters away with [`AcquireError::Closed`], now and in future. Permits that are
    /// held, or were granted before, stay good.
    pub fn close(&self) {
        let afterwards = self.queue.lock().close();
        afterwards.run();
    }

    pub(crate) fn queue(&self) -> &Mutex<Queue> {
        &self.queue
    }

    pub(crate) const fn permit(&self, count: usize) -> Permit<'_> {
        Permit { semaphore: self, count }
    }

    /// Whether asking for `n` permits makes sense at all.
    pub(crate) fn check(&self, queue: &Queue, n: usize) -> Result<(), AcquireError> {
        if n > self.limit {
            return Err(AcquireError::TooMany { asked: n, limit: self.limit });
        }
        if queue.is_closed() { Err(AcquireError::Closed) } else { Ok(()) }
    }
}

impl Permit<'_> {
    /// How many permits these are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let afterwards = self.semaphore.queue.lock().give(self.count);
        afterwards.run();
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.count).finish_non_exhaustive()
    }
}
