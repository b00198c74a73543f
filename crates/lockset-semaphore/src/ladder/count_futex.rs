//! Stage 2, **count and futex**: the number is an atomic, and threads sleep on it.
//!
//! *What stage 1 breaks*: a number is taken from another in one instruction; stage 1 makes five
//! read-modify-writes of it, and everybody queues for its mutex, those as well who only give back.
//! So the number is an atomic: to acquire is a compare-and-swap that takes away, to release an
//! addition. Who finds too few sleeps on the number itself: the kernel compares it once more with
//! what the waiter has seen, so a release cannot come between the look and the sleep. Without that
//! comparison it could: the mutant `sleeps on whatever it finds`.
//!
//! It is still right to wake all: `one permit, one waiter` is a mutant, as in stage 1.
//!
//! | | |
//! |---|---|
//! | state | the number of free permits |
//! | read-modify-writes for an uncontended pair | 2 |
//! | calls to the kernel for an uncontended pair | 1: nobody knows whether anybody sleeps |
//! | overtaking | without bound: what is free goes to whoever comes first, also before sleepers |
//! | many permits at once | granted together; may starve beside smaller requests |
//!
//! # Notes about memory ordering
//!
//! What was done before permits were given back happens before what is done with them afterwards:
//! from the Release addition in `release` to the Acquire exchange that takes them. Other exchanges
//! may come between these two; being read-modify-writes, they pass the edge on. A look that finds
//! too few learns nothing, and is Relaxed. That the addition is there before the kernel looks for
//! sleepers is the kernel's promise (futex(2)).
//!
//! # Source
//!
//! U. Drepper, *Futexes Are Tricky* (2005). glibc has such a semaphore for its oldest programs
//! (`__old_sem_post` in `nptl/sem_post.c`).
//!
//! ```
//! use lockset_semaphore::ladder::{CountFutex, RawSemaphore};
//!
//! let semaphore = CountFutex::new(1);
//! let held = semaphore.acquire(1);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| drop(semaphore.acquire(1)));
//!     drop(held);
//! });
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::{Held, RawSemaphore, kernel};
use crate::sync::Word32;

/// All sleepers: any of them may be the one that the permits are enough for.
const ALL: u32 = u32::MAX;

/// A semaphore of one word, whose every release calls the kernel.
#[derive(Debug)]
pub struct CountFutex {
    free: Word32,
}

impl RawSemaphore for CountFutex {
    fn new(permits: u32) -> Self {
        Self { free: Word32::new(permits) }
    }

    fn acquire(&self, n: u32) -> Held<'_, Self> {
        loop {
            match self.take(n) {
                Ok(held) => return held,
                Err(seen) => kernel::sleep(&self.free, seen),
            }
        }
    }

    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>> {
        self.take(n).ok()
    }

    fn release(&self, n: u32) {
        self.free.fetch_add(n, Release);
        kernel::wake(&self.free, ALL);
    }

    fn available(&self) -> u32 {
        self.free.load(Relaxed)
    }
}

impl CountFutex {
    /// Takes `n` permits, or says how many there are if those are too few.
    fn take(&self, n: u32) -> Result<Held<'_, Self>, u32> {
        let mut free = self.free.load(Relaxed);
        while free >= n {
            match self.free.compare_exchange_weak(free, free - n, Acquire, Relaxed) {
                Ok(_) => return Ok(Held::new(self, n)),
                Err(newer) => free = newer,
            }
        }
        Err(free)
    }
}
