//! When a wait ends: a point in time rather than a length of it.
//!
//! A timeout that is handed from call to call grows with every call; a deadline does not.

use std::time::{Duration, Instant};

/// The instant at which a waiter gives up, or [`Deadline::NEVER`].
///
/// It is a point on this process's monotonic clock, so setting the wall clock does not move it.
///
/// ```
/// use lockset_api::Deadline;
/// use std::time::Duration;
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// assert!(!deadline.has_passed());
/// assert!(Deadline::NEVER.remaining().is_none());
/// // A length that no clock can hold is as good as for ever.
/// assert_eq!(Deadline::after(Duration::MAX), Deadline::NEVER);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Waits until the lock is granted, however long that takes.
    pub const NEVER: Self = Self(None);

    /// Gives up at `instant`.
    #[must_use]
    pub const fn at(instant: Instant) -> Self {
        Self(Some(instant))
    }

    /// Gives up once `timeout` has passed from now.
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// The instant itself; `None` for [`Deadline::NEVER`].
    #[must_use]
    pub const fn instant(self) -> Option<Instant> {
        self.0
    }

    /// How long there is still to wait: zero once the deadline has passed, `None` if it never will.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether a waiter has to give up now.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }

    /// The earlier of this deadline and `instant`.
    pub(crate) fn or_at(self, instant: Instant) -> Instant {
        self.0.map_or(instant, |at| at.min(instant))
    }
}
