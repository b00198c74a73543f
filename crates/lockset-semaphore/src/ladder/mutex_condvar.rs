//! Stage 1, **mutex and condition variable**: a number, and whoever changes it says so.
//!
//! This is how a semaphore is made of what every system has. A mutex protects the number of free
//! permits; who finds too few waits for the condition variable, which unlocks the mutex while it
//! sleeps.
//!
//! It has one trap. A release of one permit looks like a reason to wake one waiter. But the one
//! that is woken may want two, and go back to sleep, while another sleeps on who wants one: that
//! wake-up is lost. So all are woken, each time, and all but a few in vain: the mutant `one for
//! all`.
//!
//! | | |
//! |---|---|
//! | state | a number under a mutex, and a condition variable |
//! | read-modify-writes for an uncontended pair | 5: two for each use of the mutex, one to notify |
//! | calls to the kernel for an uncontended pair | 1 |
//! | overtaking | without bound |
//! | many permits at once | granted together; may starve beside smaller requests |
//!
//! # Notes about memory ordering
//!
//! What was done before permits were given back happens before what is done with them afterwards:
//! both happen around a change of the number, under the mutex.
//!
//! # Source
//!
//! E. W. Dijkstra, *Cooperating Sequential Processes* (1965), for the semaphore; C. A. R. Hoare,
//! *Monitors: An Operating System Structuring Concept* (1974), for making it of these two.
//!
//! ```
//! use lockset_semaphore::ladder::{MutexCondvar, RawSemaphore};
//!
//! let semaphore = MutexCondvar::new(1);
//! let held = semaphore.acquire(1);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| drop(semaphore.acquire(1)));
//!     drop(held);
//! });
//! ```

use std::sync::PoisonError;

use super::{Held, RawSemaphore, kernel};
use crate::sync::{Condvar, PlainGuard, PlainMutex};

/// A semaphore made of a mutex and a condition variable.
#[derive(Debug)]
pub struct MutexCondvar {
    free: PlainMutex<u32>,
    freed: Condvar,
}

impl RawSemaphore for MutexCondvar {
    fn new(permits: u32) -> Self {
        Self { free: PlainMutex::new(permits), freed: Condvar::new() }
    }

    fn acquire(&self, n: u32) -> Held<'_, Self> {
        let mut free = self.lock();
        while *free < n {
            free = kernel::wait(&self.freed, free);
        }
        *free -= n;
        Held::new(self, n)
    }

    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>> {
        let mut free = self.lock();
        *free = free.checked_sub(n)?;
        Some(Held::new(self, n))
    }

    fn release(&self, n: u32) {
        *self.lock() += n;
        // It is unlocked again: whoever wakes up need not wait for it.
        kernel::notify_all(&self.freed);
    }

    fn available(&self) -> u32 {
        *self.lock()
    }
}

impl MutexCondvar {
    fn lock(&self) -> PlainGuard<'_, u32> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
