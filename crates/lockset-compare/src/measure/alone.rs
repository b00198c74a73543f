//! One contender that nobody disturbs.

use std::time::{Duration, Instant};

use super::{Task, cpu_time, guarded};
use crate::rival::Rival;
use crate::sample::{Outcome, Sample};
use crate::witness::Witness;

/// The clock is read once in this time: seldom, so that its cost does not show.
const BATCH: Duration = Duration::from_micros(50);

/// Sections of nothing, one after the other.
pub(crate) fn alone<R: Rival>(task: &Task) -> Outcome {
    let task = task.clone();
    guarded(task.span, move || measure(R::open(&task.place), task.span))
}

fn measure(mut rival: impl Rival, span: Duration) -> Outcome {
    let witness = Witness::default();
    let mut sections = 0;
    let mut batch = |count: u64| {
        let start = Instant::now();
        for _ in 0..count {
            rival.section(|| witness.add_one());
        }
        sections += count;
        start.elapsed()
    };
    // The first ones make the connection, and find out how many make a batch.
    let mut count = 1;
    batch(1);
    while batch(count) < BATCH {
        count *= 2;
    }
    let (begin, before, mut operations) = (Instant::now(), cpu_time(), 0);
    while begin.elapsed() < span {
        batch(count);
        operations += count;
    }
    let (elapsed, cpu) = (begin.elapsed(), cpu_time() - before);
    witness.verdict(sections)?;
    Ok(Sample::plain(operations, elapsed, cpu))
}
