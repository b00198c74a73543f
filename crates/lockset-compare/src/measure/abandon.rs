//! Waits that come to nothing: while somebody holds the lock, another gives up, again and again.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::{Pace, Task, cpu_time, guarded};
use crate::rival::{Cancelled, Rival, Timed};
use crate::sample::{Fault, Outcome, Sample};

/// How long a waiter is ready to wait: long enough for it to have told a server that it waits.
const LIMIT: Duration = Duration::from_millis(4);

/// What whoever gave up must still get when the lock is free again.
const SOON: Duration = Duration::from_secs(10);

/// By a deadline. The waits of the sample are the time beyond it.
pub(crate) fn timed<R: Timed>(task: &Task) -> Outcome {
    let task = task.clone();
    guarded(task.span, move || {
        let waits = (task.span.as_nanos() / LIMIT.as_nanos()).clamp(4, 20);
        let (mut waiter, sample) = while_held::<R>(&task, |waiter| {
            let mut sample = Sample::plain(waits as u64, Duration::ZERO, Duration::ZERO);
            for _ in 0..waits {
                let start = Instant::now();
                if waiter.section_within(LIMIT, || ()).is_some() {
                    return Err(Fault::Broken("it was granted while it was held".to_owned()));
                }
                let Some(late) = start.elapsed().checked_sub(LIMIT) else {
                    return Err(Fault::Broken("it gave up before the deadline".to_owned()));
                };
                sample.waits.add(late.as_nanos() as u64);
                sample.seconds += late.as_secs_f64();
            }
            Ok(sample)
        })?;
        match waiter.section_within(SOON, || ()) {
            Some(()) => Ok(sample),
            None => Err(Fault::Broken("what was given up is still in the way".to_owned())),
        }
    })
}

/// By dropping the future that waits.
pub(crate) fn cancelled<R: Cancelled>(task: &Task) -> Outcome {
    let task = task.clone();
    guarded(task.span, move || {
        let waits = if task.pace == Pace::Memory { 2_000 } else { 20 };
        let (mut waiter, sample) = while_held::<R>(&task, |waiter| {
            let start = Instant::now();
            (0..waits).for_each(|_| waiter.abandon());
            Ok(Sample::plain(waits, start.elapsed(), Duration::ZERO))
        })?;
        // If one of them is in the way, this does not come to an end.
        waiter.section(|| ());
        Ok(sample)
    })
}

/// Has somebody else hold the lock while `give_up` is at work.
fn while_held<R: Rival>(
    task: &Task,
    give_up: impl FnOnce(&mut R) -> Outcome,
) -> Result<(R, Sample), Fault> {
    let mut holder = R::open(&task.place);
    holder.section(|| ());
    let mut waiter = holder.another();
    waiter.section(|| ());
    let ((held, is_held), (done, is_done)) = (channel(), channel::<()>());
    let outcome = thread::scope(|scope| {
        scope.spawn(move || {
            holder.section(|| {
                let _ = held.send(());
                // Until the other end is dropped, however that comes about.
                let _ = is_done.recv();
            });
        });
        is_held.recv().map_err(|_| Fault::Failed("the holder is gone".to_owned()))?;
        let before = cpu_time();
        let outcome = give_up(&mut waiter);
        let cpu = cpu_time() - before;
        drop(done);
        outcome.map(|sample| Sample { cpu_seconds: cpu.as_secs_f64(), ..sample })
    });
    Ok((waiter, outcome?))
}
