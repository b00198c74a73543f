//! Sleeping on a word by the futex system call (futex(2)).

use core::sync::atomic::AtomicU32;
use std::time::Instant;

use rustix::io::Errno;
use rustix::thread::futex::{self, Flags, Timespec};

use crate::sync::Waited;

/// The kernel compares the word with `expected` and puts the thread to sleep in one step.
pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Waited {
    // The kernel counts the timeout on CLOCK_MONOTONIC, the clock of `Instant`. One that is too
    // long for it is cut short, and the caller looks again.
    let timeout = deadline.map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        let tv_sec = left.as_secs().try_into().unwrap_or(i64::MAX);
        Timespec { tv_sec, tv_nsec: left.subsec_nanos().into() }
    });
    match futex::wait(word, Flags::PRIVATE, expected, timeout.as_ref()) {
        Err(Errno::TIMEDOUT) => Waited::TimedOut,
        // Woken; or the word had changed (EAGAIN); or a signal came (EINTR).
        _ => Waited::Woken,
    }
}

pub(super) fn wake(word: &AtomicU32, count: u32) {
    // The call cannot fail for a valid, aligned word; the count of the woken is of no use here.
    let _ = futex::wake(word, Flags::PRIVATE, count);
}
