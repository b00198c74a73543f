//! Sleeping on a word where the system has no futex.
//!
//! A fixed table of condition variables, chosen by the word's address, stands in for the kernel's
//! queue. Words that share an entry wake each other's sleepers for nothing, and are none the worse
//! for it: a woken thread looks again.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::Waited;

pub(crate) use core::hint::spin_loop as spin_hint;

/// How often a waiter looks before it sleeps. More than where there is a futex would pay, but the
/// same is easier to reason about.
pub(crate) const SPINS: u32 = 100;

/// Enough entries that a few dozen contended words seldom meet in one.
const ENTRIES: usize = 64;

struct Entry {
    sleepers: Mutex<()>,
    woken: Condvar,
}

static TABLE: [Entry; ENTRIES] =
    [const { Entry { sleepers: Mutex::new(()), woken: Condvar::new() } }; ENTRIES];

/// A word that threads can sleep on while it has a certain value.
#[derive(Debug)]
pub(crate) struct Futex(AtomicU32);

impl Futex {
    pub(crate) const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    #[inline]
    pub(crate) fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.0.swap(value, order)
    }

    #[inline]
    pub(crate) fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange(current, new, success, failure)
    }

    /// Sleeps until woken, unless the word differs from `expected`. The comparison is made with the
    /// entry locked, and a waker locks it too, so none can come between it and the sleep.
    pub(crate) fn wait(&self, expected: u32, deadline: Option<Instant>) -> Waited {
        let entry = self.entry();
        let sleepers = entry.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: the entry's mutex orders this load before or after the waker's visit, and one
        // that comes before it has changed the word already.
        if self.0.load(Ordering::Relaxed) != expected {
            return Waited::Woken;
        }
        let Some(deadline) = deadline else {
            drop(entry.woken.wait(sleepers).unwrap_or_else(PoisonError::into_inner));
            return Waited::Woken;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Waited::TimedOut;
        }
        // Timed out or woken makes no difference here: the caller looks, and comes back if need be.
        drop(entry.woken.wait_timeout(sleepers, left).unwrap_or_else(PoisonError::into_inner));
        Waited::Woken
    }

    /// Wakes a thread that sleeps on this word, and whoever else sleeps in the same entry.
    pub(crate) fn wake_one(&self) {
        let entry = self.entry();
        // Whoever has compared but not yet slept holds the entry; wait for it to sleep.
        drop(entry.sleepers.lock().unwrap_or_else(PoisonError::into_inner));
        entry.woken.notify_all();
    }

    fn entry(&self) -> &'static Entry {
        let word = (&raw const self.0).addr() / align_of::<AtomicU32>();
        // Fibonacci hashing: the product's high bits depend on all bits of the address.
        let hash = (word as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        &TABLE[hash as usize % ENTRIES]
    }
}
