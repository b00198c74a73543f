//! One clock for all processes of a machine, which nobody can set.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since the machine started, and which start that was.
///
/// It is CLOCK_MONOTONIC, the very clock by which a holder counts its lease down: so the two agree
/// also about a machine that was suspended, which stops it for both.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    boot: String,
}

impl Clock {
    pub(super) fn new() -> Self {
        // Elsewhere than on Linux the starts look alike. A lease that outlives its machine is then
        // held for at most its TTL longer.
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self { boot: boot.trim().to_owned() }
    }

    pub(super) fn boot(&self) -> &str {
        &self.boot
    }

    pub(super) fn now(&self) -> i64 {
        let time = clock_gettime(ClockId::Monotonic);
        time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    /// The first whole millisecond that is at least `ttl` from now.
    pub(super) fn after(&self, ttl: Duration) -> i64 {
        self.now() + i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX / 2) + 1
    }
}
