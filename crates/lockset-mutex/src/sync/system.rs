//! The word on a real machine: an atomic, and a way to sleep on its address.

use core::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::Waited;

pub(crate) use core::hint::spin_loop as spin_hint;

#[cfg(all(target_os = "linux", not(lockset_portable)))]
#[path = "linux.rs"]
mod sleep;

#[cfg(any(not(target_os = "linux"), lockset_portable))]
#[path = "portable.rs"]
mod sleep;

/// How often a waiter looks before it sleeps: about as long as going to sleep and waking takes on
/// today's processors. std looks as often.
pub(crate) const SPINS: u32 = 100;

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

    /// Sleeps until woken, unless the word differs from `expected`, which is compared in one step
    /// with going to sleep.
    pub(crate) fn wait(&self, expected: u32, deadline: Option<Instant>) -> Waited {
        sleep::wait(&self.0, expected, deadline)
    }

    /// Wakes one thread that sleeps on this word, if there is one.
    pub(crate) fn wake_one(&self) {
        sleep::wake_one(&self.0);
    }
}
