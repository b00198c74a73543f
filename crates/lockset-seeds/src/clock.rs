//! The clock of a master, which runs as it likes and may be set.

use std::time::Duration;

/// A clock that shows `offset` more than a millionth of `rate` of the time since the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// A million is the right one.
    pub(crate) rate: u32,
    pub(crate) offset: Duration,
}

impl Clock {
    pub(crate) fn read(&self, time: Duration) -> Duration {
        self.offset + time * self.rate / 1_000_000
    }

    /// How long it takes until the clock shows `wait` more.
    pub(crate) fn until(&self, wait: Duration) -> Duration {
        wait * 1_000_000 / self.rate
    }
}
