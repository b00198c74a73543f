//! Sleeping on a word by the futex system call (futex(2)).

use core::num::NonZeroU32;
use core::sync::atomic::AtomicU32;
use std::time::Instant;

use rustix::io::Errno;
use rustix::thread::futex::{self, Flags, Timespec};
use rustix::time::{ClockId, clock_gettime};

use crate::Waited;

/// Everybody.
const ALL: u32 = u32::MAX;

/// The kernel compares the word with `expected` and puts the thread to sleep in one step.
pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Waited {
    match sleep(word, ALL, expected, deadline) {
        Err(Errno::TIMEDOUT) => Waited::TimedOut,
        // Woken; or the word had changed (EAGAIN); or a signal came (EINTR).
        _ => Waited::Woken,
    }
}

pub(super) fn wake(word: &AtomicU32, count: u32) {
    wake_among(word, ALL, count);
}

/// The kernel says 0 to whom a wake-up has taken off its queue, and to nobody else but by accident.
pub(super) fn wait_among(
    word: &AtomicU32,
    mask: u32,
    expected: u32,
    deadline: Option<Instant>,
) -> bool {
    sleep(word, mask, expected, deadline).is_ok()
}

pub(super) fn wake_among(word: &AtomicU32, mask: u32, count: u32) -> bool {
    let Some(mask) = NonZeroU32::new(mask) else { return false };
    // The kernel takes the count for a signed one, and a negative one for 1.
    let count = count.min(i32::MAX.unsigned_abs());
    // The call cannot fail for a valid, aligned word.
    futex::wake_bitset(word, Flags::PRIVATE, count, mask).is_ok_and(|woken| woken > 0)
}

fn sleep(
    word: &AtomicU32,
    mask: u32,
    expected: u32,
    deadline: Option<Instant>,
) -> Result<(), Errno> {
    let mask = NonZeroU32::new(mask).ok_or(Errno::INVAL)?;
    let timeout = deadline.map(on_the_clock);
    futex::wait_bitset(word, Flags::PRIVATE, expected, timeout.as_ref(), mask)
}

/// This call counts from the clock's beginning, on CLOCK_MONOTONIC, the clock of `Instant`. What is
/// too long for it is cut short, and the caller looks again.
fn on_the_clock(deadline: Instant) -> Timespec {
    let left = deadline.saturating_duration_since(Instant::now());
    let now = clock_gettime(ClockId::Monotonic);
    let nanoseconds = now.tv_nsec + i64::from(left.subsec_nanos());
    let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
    Timespec {
        tv_sec: now.tv_sec.saturating_add(seconds).saturating_add(nanoseconds / NANOSECONDS),
        tv_nsec: nanoseconds % NANOSECONDS,
    }
}

const NANOSECONDS: i64 = 1_000_000_000;
