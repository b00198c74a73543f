//! One clock for all processes of a machine, which nobody can set.

use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The machine's time since it started, in nanoseconds.
///
/// It is CLOCK_MONOTONIC, the very clock by which a holder counts its lease down: so the two agree
/// also about a machine that was suspended, which stops it for both.
pub(super) fn now() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// An instant that is no later than this time, and hardly earlier.
pub(super) fn instant(time: i64) -> Instant {
    // Read before the clock is, so that what passes in between makes the instant earlier.
    let here = Instant::now();
    here.checked_sub(duration(now() - time)).unwrap_or(here)
}

/// A span of this clock; nothing for one that is below zero.
pub(super) fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

/// The same the other way round; more than a hundred years are a hundred years.
pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).map_or(CENTURY, |nanos| nanos.min(CENTURY))
}

const CENTURY: i64 = 100 * 365 * 24 * 60 * 60 * 1_000_000_000;

/// Which start of the machine this is. Elsewhere than on Linux all of them look alike, and a lease
/// that outlives its machine is held until the clock has come to its end once more.
pub(super) fn boot() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    boot.trim().to_owned()
}
