//! Sleeping on a word by the futex system call (futex(2)).

use core::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use rustix::io::Errno;
use rustix::thread::futex::{self, Flags, Timespec};

use super::Waited;

pub(crate) use core::hint::spin_loop as spin_hint;

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

    /// Sleeps until woken, unless the word differs from `expected`, which the kernel checks
    /// together with going to sleep.
    pub(crate) fn wait(&self, expected: u32, deadline: Option<Instant>) -> Waited {
        // The kernel counts the timeout on CLOCK_MONOTONIC, the clock of `Instant`. One that is too
        // long for it is cut short, and the caller looks again.
        let timeout = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            let tv_sec = left.as_secs().try_into().unwrap_or(i64::MAX);
            Timespec { tv_sec, tv_nsec: left.subsec_nanos().into() }
        });
        match futex::wait(&self.0, Flags::PRIVATE, expected, timeout.as_ref()) {
            Err(Errno::TIMEDOUT) => Waited::TimedOut,
            // Woken; or the word had changed (EAGAIN); or a signal came (EINTR).
            _ => Waited::Woken,
        }
    }

    /// Wakes one thread that sleeps on this word, if there is one.
    pub(crate) fn wake_one(&self) {
        // The call cannot fail for a valid, aligned word; the count of the woken is of no use here.
        let _ = futex::wake(&self.0, Flags::PRIVATE, 1);
    }
}
