//! Measuring one lock in one scenario.

mod abandon;
mod alone;
mod handover;
mod race;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use abandon::{cancelled, timed};
pub(crate) use alone::alone;
pub(crate) use handover::handover;
pub(crate) use race::{contended, real};
use rustix::time::{ClockId, clock_gettime};

use crate::rival::Place;
use crate::sample::{Fault, Outcome};
use crate::scenario::Scenario;

/// How much longer than it should take a measurement may take before it counts as stuck. The
/// slowest rivals need seconds to get out of each other's way.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is measured, and where.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) scenario: Scenario,
    pub(crate) place: Place,
    pub(crate) pace: Pace,
    /// How long one measurement takes, where that can be chosen.
    pub(crate) span: Duration,
    /// How far the server is away, there and back, at least.
    pub(crate) round_trip: Duration,
    /// For what has to be random.
    pub(crate) seed: u64,
}

/// The order of magnitude of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Nanoseconds.
    Memory,
    /// Microseconds: calls of the kernel.
    Kernel,
    /// Milliseconds: a server, or a disk.
    Server,
}

/// Runs `measure` on a thread of its own, and waits for it for so long and no longer.
///
/// A thread that is stuck stays behind. The process is that of a round, and ends soon.
fn guarded(span: Duration, measure: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    let (answer, answers) = channel();
    thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(measure));
        // If nobody listens any more, it was too late.
        let _ = answer.send(outcome.unwrap_or_else(|panic| Err(Fault::Failed(said(&*panic)))));
    });
    let limit = span + PATIENCE;
    answers.recv_timeout(limit).unwrap_or_else(|error| match error {
        RecvTimeoutError::Timeout => {
            Err(Fault::Stuck(format!("no end after {} s", limit.as_secs())))
        }
        RecvTimeoutError::Disconnected => Err(Fault::Failed("the thread is gone".to_owned())),
    })
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}

/// The processors' time that this process has taken so far, on all of its threads: a lock that
/// keeps a thread of its own at work pays for that one, too.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Nanoseconds since `epoch`.
fn since(epoch: Instant) -> u64 {
    epoch.elapsed().as_nanos() as u64
}
