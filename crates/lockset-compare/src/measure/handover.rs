//! From a release to the waiter that has the lock, and on to the next.
//!
//! All waiters wait, awake or asleep, when the holder lets go.
//!
//! # Notes about memory ordering
//!
//! The count of those who ask is Relaxed: it orders nothing. The holder only waits to see it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{Pace, Task, cpu_time, guarded, since};
use crate::random::Random;
use crate::rival::Rival;
use crate::sample::{Fault, Outcome, Sample};
use crate::witness::{Hold, without_overlap};

/// How long the holder keeps the lock while the others queue up, at least and at most: long enough
/// for a waiter to fall asleep, or to tell a server. Not always as long: it must not go along with
/// the pauses of one that polls.
fn pauses(pace: Pace, round_trip: Duration) -> (Duration, Duration) {
    match pace {
        Pace::Memory => (Duration::from_micros(200), Duration::from_micros(400)),
        Pace::Kernel => (Duration::from_micros(300), Duration::from_micros(600)),
        Pace::Server => (Duration::from_millis(10) + round_trip * 2, Duration::from_millis(60)),
    }
}

/// Fewer hand-overs than this have no median.
const LEAST: u32 = 3;
/// How much longer than it should take a measurement goes on: waiters that spin, more than there
/// are processors, take turns of a scheduler for each hand-over.
const PATIENCE: u32 = 8;

/// How often it is handed over by a holder in one measurement.
fn repetitions(task: &Task) -> u32 {
    let (least, most) = pauses(task.pace, task.round_trip);
    let fit = task.span.as_nanos() / (least + most).as_nanos().max(1);
    fit.clamp(u128::from(LEAST), 100) as u32
}

/// Hands the lock over again and again.
pub(crate) fn handover<R: Rival>(task: &Task) -> Outcome {
    let task = task.clone();
    guarded(task.span, move || measure::<R>(&task))
}

fn measure<R: Rival>(task: &Task) -> Outcome {
    let mut holder = R::open(&task.place);
    holder.section(|| ());
    let mut waiters: Vec<R> = (0..task.scenario.waiters).map(|_| holder.another()).collect();
    waiters.iter_mut().for_each(|waiter| waiter.section(|| ()));
    let (asking, epoch) = (AtomicUsize::new(0), Instant::now());
    thread::scope(|scope| {
        let (asking, epoch) = (&asking, &epoch);
        let (answer, answers) = channel();
        let orders: Vec<_> = waiters
            .into_iter()
            .map(|waiter| {
                let ((order, orders), answer) = (channel(), answer.clone());
                scope.spawn(move || {
                    wait(waiter, &orders, asking, *epoch, |hold| _ = answer.send(hold));
                });
                order
            })
            .collect();
        // The holder's own would keep the channel open when a waiter is gone.
        drop(answer);
        let order = || orders.iter().for_each(|order| _ = order.send(()));
        hand_over(task, holder, asking, *epoch, order, &answers)
    })
}

/// Asks for the lock whenever it is told to, and says when it had it.
fn wait<R: Rival>(
    mut waiter: R,
    orders: &Receiver<()>,
    asking: &AtomicUsize,
    epoch: Instant,
    tell: impl Fn(Hold),
) {
    while orders.recv().is_ok() {
        asking.fetch_add(1, Relaxed);
        tell(waiter.section(|| {
            let acquired = since(epoch);
            Hold { acquired, released: since(epoch) }
        }));
    }
}

fn hand_over<R: Rival>(
    task: &Task,
    mut holder: R,
    asking: &AtomicUsize,
    epoch: Instant,
    order: impl Fn(),
    answers: &Receiver<Hold>,
) -> Outcome {
    let (least, most) = pauses(task.pace, task.round_trip);
    let spread = (most.saturating_sub(least).as_nanos() as u64).max(1);
    let mut random = Random::new(task.seed);
    let before = cpu_time();
    let mut sample = Sample::plain(0, Duration::ZERO, Duration::ZERO);
    let begin = Instant::now();
    for nth in 0..repetitions(task) {
        if nth >= LEAST && begin.elapsed() > task.span * PATIENCE {
            break;
        }
        let pause = least + Duration::from_nanos(random.below(spread));
        let released = holder.section(|| {
            order();
            while asking.load(Relaxed) < task.scenario.waiters as usize {
                thread::yield_now();
            }
            thread::sleep(pause);
            since(epoch)
        });
        asking.store(0, Relaxed);
        let mut holds = vec![Hold { acquired: 0, released }];
        for _ in 0..task.scenario.waiters {
            let hold = answers.recv().map_err(|_| Fault::Failed("a waiter is gone".to_owned()))?;
            holds.push(hold);
        }
        without_overlap(&mut holds, task.round_trip.as_nanos() as u64)?;
        holds.windows(2).for_each(|two| sample.waits.add(two[1].acquired - two[0].released));
    }
    sample.operations = sample.waits.count();
    // By the median: what a hand-over takes when nothing else comes in between.
    sample.seconds = sample.waits.quantile(0.5) as f64 / 1e9 * sample.operations as f64;
    sample.cpu_seconds = (cpu_time() - before).as_secs_f64();
    Ok(sample)
}
