//! One contender that nobody disturbs.

use std::time::{Duration, Instant};

use super::{Task, cpu_time, guarded};
use crate::rival::Rival;
use crate::sample::{Outcome, Sample};
use crate::stats::median;
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
    // The first ones make the connection, and find out how many make a batch. The quickest of three
    // says so: one that was interrupted would make batches too short for the clock.
    let mut count = 1;
    batch(1);
    while (0..3).map(|_| batch(count)).min() < Some(BATCH) {
        count *= 2;
    }
    let (begin, before, mut batches) = (Instant::now(), cpu_time(), Vec::new());
    while begin.elapsed() < span {
        batches.push(batch(count).as_secs_f64());
    }
    let (operations, cpu) = (count * batches.len() as u64, cpu_time() - before);
    witness.verdict(sections)?;
    // By the median batch: during some of them the scheduler has run somebody else.
    let seconds = median(batches) / count as f64 * operations as f64;
    Ok(Sample::plain(operations, Duration::from_secs_f64(seconds), cpu))
}
