//! One lock in one cell: threads that lock, work, unlock and think until they are told to stop.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::cell::Cell;
use lockset_bench::stats::{Histogram, jain};
use lockset_bench::work::{cpu_time, turns, work};

/// A lock as it is measured, with the data that it guards.
pub(crate) trait Contended: Send + Sync {
    fn new() -> Self;
    fn with<T>(&self, section: impl FnOnce(&mut Data) -> T) -> T;
}

/// What a section works on: it lies beside the lock, as a mutex's data does.
#[derive(Default)]
pub(crate) struct Data {
    sections: u64,
    work: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Sections in a second.
    pub(crate) rate: f64,
    /// Processor time for a section, in seconds.
    pub(crate) cpu: f64,
    pub(crate) jain: f64,
    /// Waits in nanoseconds; empty unless they were asked for.
    pub(crate) waits: Histogram,
    pub(crate) sections: u64,
}

/// Whether each wait is timed: reading the clock twice a section would change the shortest ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    Timed,
    Untimed,
}

/// Keeps what is inside out of others' cache lines.
#[repr(align(128))]
struct Apart<T>(T);

/// What one thread did, and from when to when. The clock is read by the threads themselves: with
/// many of them, the one that starts and ends the race may get its turn much later.
struct Share {
    sections: u64,
    waits: Histogram,
    span: (Instant, Instant),
    /// The processor time of this thread, from the one to the other.
    cpu: Duration,
}

/// Measures a lock for about `span`.
///
/// # Panics
///
/// If the lock let a section get lost.
pub(crate) fn race<L: Contended>(cell: Cell, span: Duration, waits: Waits) -> Outcome {
    let lock = Apart(L::new());
    let is_over = Apart(AtomicBool::new(false));
    let start = Barrier::new(cell.threads as usize + 1);
    let (section, think) = (turns(cell.section), turns(cell.think));
    let run = || {
        let (mut sections, mut waited, mut thought) = (0, Histogram::new(), 1);
        start.wait();
        let (began, before) = (Instant::now(), cpu_time());
        // Relaxed: it only ends the loop.
        while !is_over.0.load(Ordering::Relaxed) {
            let wanted = (waits == Waits::Timed).then(Instant::now);
            lock.0.with(|data| {
                if let Some(wanted) = wanted {
                    waited.add(wanted.elapsed().as_nanos() as u64);
                }
                data.sections += 1;
                data.work = work(data.work, section);
            });
            sections += 1;
            thought = work(thought, think);
        }
        black_box(thought);
        let cpu = cpu_time() - before;
        Share { sections, waits: waited, span: (began, Instant::now()), cpu }
    };
    let shares: Vec<Share> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cell.threads).map(|_| scope.spawn(run)).collect();
        start.wait();
        thread::sleep(span);
        // Relaxed: as above.
        is_over.0.store(true, Ordering::Relaxed);
        workers.into_iter().map(|worker| worker.join().expect("no section panics")).collect()
    });
    summarise(&shares, lock.0.with(|data| data.sections))
}

fn summarise(shares: &[Share], counted: u64) -> Outcome {
    let cpu: Duration = shares.iter().map(|share| share.cpu).sum();
    let began = shares.iter().map(|share| share.span.0).min();
    let ended = shares.iter().map(|share| share.span.1).max();
    let elapsed = began.zip(ended).map_or(Duration::ZERO, |(began, ended)| ended - began);
    let counts: Vec<u64> = shares.iter().map(|share| share.sections).collect();
    let sections: u64 = counts.iter().sum();
    assert_eq!(counted, sections, "the lock let sections get lost");
    let mut waits = Histogram::new();
    shares.iter().for_each(|share| waits.merge(&share.waits));
    Outcome {
        rate: sections as f64 / elapsed.as_secs_f64(),
        cpu: cpu.as_secs_f64() / sections as f64,
        jain: jain(&counts),
        waits,
        sections,
    }
}

/// The time for one section of nothing by one thread, in nanoseconds: lock, add one, unlock.
pub(crate) fn uncontended<L: Contended>() -> f64 {
    const SECTIONS: u32 = 200_000;
    let lock = L::new();
    let start = Instant::now();
    for _ in 0..SECTIONS {
        lock.with(|data| data.sections = black_box(data.sections + 1));
    }
    start.elapsed().as_nanos() as f64 / f64::from(SECTIONS)
}
