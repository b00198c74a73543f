//! The time of the simulation, which all machines have in common and none of them knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How far a step of the simulation goes. Timers of tokio are no finer.
pub(crate) const STEP: Duration = Duration::from_millis(1);

/// The number of steps that are over.
///
/// # Notes about memory ordering
///
/// A simulation is one thread, and this guards nothing; it is an atomic because the engine wants
/// what can be sent. All orderings are Relaxed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps(Arc<AtomicU64>);

impl Steps {
    pub(crate) fn count(&self) -> u64 {
        // Relaxed: see the type.
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, steps: u64) {
        // Relaxed: see the type.
        self.0.fetch_add(steps, Ordering::Relaxed);
    }
}

pub(crate) fn duration(steps: u64) -> Duration {
    STEP * u32::try_from(steps).expect("no simulation is as long")
}

/// Lets so much time pass, on the clock of whoever asks.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep_until(tokio::time::Instant::now() + time).await;
}

/// The clock of whoever asks.
pub(crate) fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
