//! What one lock did in one scenario, once; or what was wrong with it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::stats::Histogram;

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// How often it was done: sections, hand-overs, waits that were given up.
    pub operations: u64,
    /// How long all of them took together; of hand-overs and waits, the time beyond what was asked.
    pub seconds: f64,
    /// The time of all processors that this process took meanwhile.
    pub cpu_seconds: f64,
    /// Jain's index of the contenders' shares; 1 where there is one.
    pub jain: f64,
    /// How long each had to wait, in nanoseconds: for the lock, for the hand-over, or beyond its
    /// deadline. Empty where waits are not timed.
    pub waits: Histogram,
}

impl Sample {
    /// A measurement without waits.
    pub(crate) fn plain(operations: u64, elapsed: Duration, cpu: Duration) -> Self {
        Self {
            operations,
            seconds: elapsed.as_secs_f64(),
            cpu_seconds: cpu.as_secs_f64(),
            jain: 1.0,
            waits: Histogram::new(),
        }
    }

    /// Operations in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.operations as f64 / self.seconds.max(1e-12)
    }

    /// The processors' time for an operation, in nanoseconds.
    #[must_use]
    pub fn cpu_ns(&self) -> f64 {
        self.cpu_seconds * 1e9 / self.operations.max(1) as f64
    }
}

/// Why there is no figure to believe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fault {
    /// The lock does not do what a lock promises. How fast it does that is of no interest.
    Broken(String),
    /// It did not come to an end within the patience of the comparison.
    Stuck(String),
    /// It could not be used: a server is gone, a file cannot be opened.
    Failed(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(why) => write!(f, "broken: {why}"),
            Self::Stuck(why) => write!(f, "stuck: {why}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// What measuring comes to.
pub type Outcome = Result<Sample, Fault>;
