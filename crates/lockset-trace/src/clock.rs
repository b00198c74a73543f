//! The clock that orders the events of several threads and several processes.
//!
//! A history is only as good as the order of its events, so every event is stamped by one clock
//! that all of them share: `CLOCK_MONOTONIC`, which the kernel keeps for the whole machine and
//! which nobody can set. [`std::time::Instant`] reads the same clock but hides its number, so two
//! processes cannot compare theirs.

use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant, in nanoseconds of the machine-wide monotonic clock.
///
/// Stamps taken by different threads and processes of one machine have one order. Stamps of two
/// machines have none, nor have stamps from before and after a reboot: never merge such logs.
/// On systems that are not Unix, the clock belongs to the process, and so does the order.
///
/// # Examples
///
/// ```
/// use lockset_trace::Stamp;
/// use std::time::Duration;
///
/// let before = Stamp::now();
/// let after = Stamp::now();
/// assert!(before <= after);
/// assert_eq!((before + Duration::from_micros(3)).since(before), Duration::from_micros(3));
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Stamp(u64);

impl Stamp {
    /// Reads the clock. Takes some 20 to 50 ns where the kernel maps its clock into the process.
    #[must_use]
    pub fn now() -> Self {
        Self(monotonic_nanos())
    }

    /// The stamp `nanos` nanoseconds after the clock's zero.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's zero, which on most systems is when the machine started.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this stamp is; zero if it is before it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Stamp {
    type Output = Self;

    /// Saturates at the clock's end, some 584 years after its zero.
    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_nanos()).unwrap_or(u64::MAX)))
    }
}

#[cfg(unix)]
fn monotonic_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // The monotonic clock never shows a time before its zero, so neither field is negative.
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(not(unix))]
fn monotonic_nanos() -> u64 {
    static ZERO: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    u64::try_from(ZERO.get_or_init(std::time::Instant::now).elapsed().as_nanos())
        .unwrap_or(u64::MAX)
}
