//! Several contenders that want the lock again and again.
//!
//! # Notes about memory ordering
//!
//! The flag that ends a race is Relaxed: it orders nothing, and the threads are joined afterwards.

use std::any::Any;
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
        let mut contenders = contenders::<R>(&task)?;
        if task.pace != Pace::Memory {
            return race::<R, _, true>(&task, &mut contenders, &work(), task.span);
        }
        // To read the clock three times a section would change the shortest ones.
        let half = task.span / 2;
        let mut sample = race::<R, _, false>(&task, &mut contenders, &work(), half)?;
        sample.waits = race::<R, _, true>(&task, &mut contenders, &work(), half)?.waits;
        Ok(sample)
    })
}

/// The ledger job.
pub(crate) fn real<R: Rival>(task: &Task) -> Outcome {
    let task = task.clone();
    guarded(task.span, move || {
        let mut contenders = contenders::<R>(&task)?;
        race::<R, _, false>(&task, &mut contenders, &Ledger::new(), task.span)
    })
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

fn race<R: Rival, J: Job, const TIMED: bool>(
    task: &Task,
    contenders: &mut [R],
    job: &J,
    span: Duration,
) -> Outcome {
    let is_over = Apart(AtomicBool::new(false));
    let start = Barrier::new(task.scenario.threads as usize + 1);
    let epoch = Instant::now();
    let (shares, cpu) = thread::scope(|scope| {
        let (start, is_over) = (&start, &is_over.0);
        let workers: Vec<_> = contenders
            .iter_mut()
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
    let shares = shares.into_iter().collect::<Result<Vec<Share>, _>>().map_err(failed)?;
    summarise(task, job, shares, cpu)
}

/// One for each thread, connected and warm: what cannot be opened is found out here, and who lets
/// two in at once.
fn contenders<R: Rival>(task: &Task) -> Result<Vec<R>, Fault> {
    let first = R::open(&task.place);
    let mut all: Vec<R> = (1..task.scenario.threads).map(|_| first.another()).collect();
    all.push(first);
    all.iter_mut().for_each(|rival| rival.section(|| ()));
    // On a server that takes several round trips each, so it is done once.
    if task.pace != Pace::Server || task.scenario == CROWD {
        try_out(task, &mut all)?;
    }
    Ok(all)
}

/// Lets them all have the lock a few times, and give the processor away while they hold it.
///
/// A scheduler may do that anywhere, and hardly ever does it within some nanoseconds: a lock that
/// does not exclude could get through a whole race by luck. Here it cannot.
fn try_out<R: Rival>(task: &Task, contenders: &mut [R]) -> Result<(), Fault> {
    // Those that spin in a queue need a turn of every thread for each section.
    let (most, limit) = (40, Duration::from_millis(5));
    let (witness, begin) = (Witness::default(), Instant::now());
    let inside = |work| {
        match task.pace {
            Pace::Server => thread::sleep(Duration::from_millis(1)),
            _ => thread::yield_now(),
        }
        work
    };
    let try_out = |nth: usize, rival: &mut R| {
        let mut sections = 0;
        while sections == 0 || sections < most && begin.elapsed() < limit {
            rival.section(|| witness.section(nth, inside));
            sections += 1;
        }
        sections
    };
    let sections = thread::scope(|scope| {
        let try_out = &try_out;
        let contenders = contenders.iter_mut().enumerate();
        let workers: Vec<_> =
            contenders.map(|(nth, rival)| scope.spawn(move || try_out(nth, rival))).collect();
        workers.into_iter().map(|worker| worker.join().map_err(failed)).sum::<Result<u64, Fault>>()
    })?;
    witness.verdict(sections)
}

fn failed(panic: Box<dyn Any + Send>) -> Fault {
    Fault::Failed(super::said(&*panic))
}

fn contend<R: Rival, J: Job, const TIMED: bool>(
    rival: &mut R,
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
