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

/// Which start of the machine this is; `None` if the system should say so and does not.
pub(super) fn boot() -> Option<String> {
    start(&fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default())
}

/// What the system says of it. Whoever sees nothing on Linux would take the leases of all others
/// for those of an earlier start. Elsewhere all of them look alike, and a lease that outlives its
/// machine is held until the clock has come to its end once more.
fn start(said: &str) -> Option<String> {
    let start = said.trim();
    (!start.is_empty() || !cfg!(target_os = "linux")).then(|| start.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_of_the_machine_that_is_not_told_is_none_on_linux() {
        assert_eq!(start("5e55-10\n").as_deref(), Some("5e55-10"));
        for nothing in ["", "\n"] {
            assert_eq!(start(nothing).is_none(), cfg!(target_os = "linux"), "{nothing:?}");
        }
    }

    #[test]
    fn one_start_of_the_machine_has_one_name() {
        assert!(boot().is_some());
        assert_eq!(boot(), boot());
    }
}
