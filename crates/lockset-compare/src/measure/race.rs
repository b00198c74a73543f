//! Several contenders that want the lock again and again.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::{Pace, Task, cpu_time, guarded, since};
use crate::job::{Job, Ledger, Work};
use crate::rival::Rival;
use crate::sample::{Fault, Outcome, Sample};
use crate::scenario::CROWD;
use crate::stats::{Histogram, jain};
use crate::witness::{Hold, Witness, without_overlap};

/// So many holds of each contender are looked at for overlaps.
const HOLDS: usize = 20_000;

/// Works for some time, thinks for some time, and again.
pub(crate) fn contended<R: Rival>(task: &Task) -> Outcome {
    let task = task.clone();
    guarded(task.span, move || {
        let work = || Work::new(task.scenario.section, task.scenario.think);
        if task.pace != Pace::Memory {
            return race::<R, _, true>(&task, &work(), task.span);
        }
        // To read the clock three times a section would change the shortest ones.
        let mut sample = race::<R, _, false>(&task, &work(), task.span / 2)?;
        sample.waits = race::<R, _, true>(&task, &work(), task.span / 2)?.waits;
        Ok(sample)
    })
}

/// The ledger job.
pub(crate) fn real<R: Rival>(task: &Task) -> Outcome {
    let task = task.clone();
    guarded(task.span, move || race::<R, _, false>(&task, &Ledger::new(), task.span))
}

#[repr(align(128))]
struct Apart<T>(T);

/// What one contender did, and from when to when. The contenders read the clock themselves: with
/// many of them, the one that starts and ends the race may get its turn much later.
struct Share {
    turns: u64,
    span: (Instant, Instant),
    waits: Histogram,
    holds: Vec<Hold>,
}

fn race<R: Rival, J: Job, const TIMED: bool>(task: &Task, job: &J, span: Duration) -> Outcome {
    let is_over = Apart(AtomicBool::new(false));
    let start = Barrier::new(task.scenario.threads as usize + 1);
    let contenders = tried(task, contenders::<R>(task))?;
    let epoch = Instant::now();
    let (shares, cpu) = thread::scope(|scope| {
        let (start, is_over) = (&start, &is_over.0);
        let workers: Vec<_> = contenders
            .into_iter()
            .enumerate()
            .map(|(nth, rival)| {
                scope.spawn(move || {
                    start.wait();
                    contend::<R, J, TIMED>(rival, nth, job, is_over, epoch)
                })
            })
            .collect();
        let before = cpu_time();
        start.wait();
        thread::sleep(span);
        is_over.store(true, Relaxed);
        let shares: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        (shares, cpu_time() - before)
    });
    let failed = |panic: Box<dyn std::any::Any + Send>| Fault::Failed(super::said(&*panic));
    let shares = shares.into_iter().collect::<Result<Vec<Share>, _>>().map_err(failed)?;
    summarise(task, job, shares, cpu)
}

/// One for each thread, connected and warm: what cannot be opened is found out here.
fn contenders<R: Rival>(task: &Task) -> Vec<R> {
    let first = R::open(&task.place);
    let mut all: Vec<R> = (1..task.scenario.threads).map(|_| first.another()).collect();
    all.push(first);
    all.iter_mut().for_each(|rival| rival.section(|| ()));
    all
}

/// Lets them all have the lock a few times, and give the processor away while they hold it.
///
/// A scheduler may do that anywhere, and hardly ever does it within some nanoseconds: a lock that
/// does not exclude could get through a whole race by luck. Here it cannot.
fn tried<R: Rival>(task: &Task, contenders: Vec<R>) -> Result<Vec<R>, Fault> {
    let rounds: u64 = match task.pace {
        Pace::Memory | Pace::Kernel => 40,
        // It takes several round trips each.
        Pace::Server if task.scenario == CROWD => 2,
        Pace::Server => return Ok(contenders),
    };
    let (witness, threads) = (Witness::default(), contenders.len() as u64);
    let inside = |work| {
        match task.pace {
            Pace::Server => thread::sleep(Duration::from_millis(1)),
            _ => thread::yield_now(),
        }
        work
    };
    let try_out = |(nth, mut rival): (usize, R)| {
        (0..rounds).for_each(|_| rival.section(|| witness.section(nth, inside)));
        rival
    };
    let tried = thread::scope(|scope| {
        let try_out = &try_out;
        let contenders = contenders.into_iter().enumerate();
        let workers: Vec<_> = contenders.map(|one| scope.spawn(move || try_out(one))).collect();
        workers.into_iter().map(|worker| worker.join()).collect::<Vec<_>>()
    });
    let failed = |panic: Box<dyn std::any::Any + Send>| Fault::Failed(super::said(&*panic));
    let tried = tried.into_iter().collect::<Result<Vec<R>, _>>().map_err(failed)?;
    witness.verdict(rounds * threads)?;
    Ok(tried)
}

fn contend<R: Rival, J: Job, const TIMED: bool>(
    mut rival: R,
    me: usize,
    job: &J,
    is_over: &AtomicBool,
    epoch: Instant,
) -> Share {
    let (mut turns, mut waits) = (0, Histogram::new());
    let mut holds = Vec::with_capacity(if TIMED { HOLDS } else { 0 });
    let began = Instant::now();
    while !is_over.load(Relaxed) {
        let item = job.outside(me, turns);
        if TIMED {
            let wanted = since(epoch);
            let hold = rival.section(|| {
                let acquired = since(epoch);
                job.inside(me, item);
                Hold { acquired, released: since(epoch) }
            });
            waits.add(hold.acquired - wanted);
            if holds.len() < HOLDS {
                holds.push(hold);
            }
        } else {
            rival.section(|| job.inside(me, item));
        }
        turns += 1;
    }
    Share { turns, span: (began, Instant::now()), waits, holds }
}

fn summarise(task: &Task, job: &impl Job, shares: Vec<Share>, cpu: Duration) -> Outcome {
    let turns: Vec<u64> = shares.iter().map(|share| share.turns).collect();
    job.verdict(&turns)?;
    let began = shares.iter().map(|share| share.span.0).min();
    let ended = shares.iter().map(|share| share.span.1).max();
    let elapsed = began.zip(ended).map_or(Duration::ZERO, |(began, ended)| ended - began);
    let mut sample = Sample::plain(turns.iter().sum(), elapsed, cpu);
    sample.jain = jain(&turns);
    let mut holds = Vec::new();
    for share in shares {
        sample.waits.merge(&share.waits);
        holds.extend(share.holds);
    }
    without_overlap(&mut holds, task.round_trip.as_nanos() as u64)?;
    Ok(sample)
}
