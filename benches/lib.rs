//! What the benchmarks share: one way to measure a lock, which checks the lock as it measures.
//!
//! A lock that does not exclude is faster than every lock that does. So each section adds one to a
//! counter that loses updates unless the sections exclude each other, and a benchmark whose counter
//! is not exact at the end of a sample panics instead of printing a time.
//!
//! # What these numbers favour
//!
//! - The sections are nearly empty and follow each other without a pause. That shows the cost of
//!   the lock itself, and under contention it rewards a lock that lets the thread that has just
//!   unlocked lock again, over one that serves waiters in order. Real programs do work in between.
//! - Uncontended means hot: the lock's word and its code stay in the nearest cache.
//! - Only rivals measured in the same run on the same machine can be compared.

pub use lockset_compare::{stats, work};

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, SamplingMode};

/// A lock as the benchmarks see it: ours, or one that people would otherwise pick.
pub trait Rival {
    /// Takes the lock, runs `inside`, gives the lock back.
    fn section(&self, inside: impl FnOnce());
}

/// Measures one section after the other on one thread: nobody ever waits.
///
/// # Panics
///
/// If the lock let an increment get lost.
pub fn uncontended(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, rival: &impl Rival) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|sections| {
            let counter = Counter::default();
            let start = Instant::now();
            for _ in 0..sections {
                rival.section(|| counter.add_one());
            }
            let elapsed = start.elapsed();
            counter.expect(sections, name);
            elapsed
        });
    });
}

/// Measures `threads` threads that all want the lock all the time; the time is that of a section.
///
/// # Panics
///
/// If the lock let an increment get lost.
pub fn contended(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    threads: u32,
    rival: &(impl Rival + Sync),
) {
    // Samples of one length: the shortest of growing ones would end before the last thread starts.
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function(BenchmarkId::new(name, threads), |bencher| {
        bencher.iter_custom(|sections| {
            let counter = Counter::default();
            let elapsed = race(threads, || {
                for _ in 0..sections {
                    rival.section(|| counter.add_one());
                }
            });
            counter.expect(sections * u64::from(threads), name);
            elapsed / threads
        });
    });
}

/// Runs `work` on so many threads; from when the first one begins until the last one is done.
///
/// The threads read the clock themselves, once they all run: neither starting and joining them nor
/// a late turn of the thread that waits for them is in the time.
fn race(threads: u32, work: impl Fn() + Sync) -> Duration {
    let barrier = Barrier::new(threads as usize);
    let run = || {
        barrier.wait();
        let start = Instant::now();
        work();
        (start, Instant::now())
    };
    let times: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no rival panics")).collect()
    });
    let start = times.iter().map(|(start, _)| *start).min();
    let end = times.iter().map(|(_, end)| *end).max();
    end.zip(start).map_or(Duration::ZERO, |(end, start)| end - start)
}

/// A counter that is exact only if its users exclude each other.
///
/// # Notes about memory ordering
///
/// An increment is a load and a store, both Relaxed, as if the number were no atomic at all. What
/// keeps them together, and hands the sum from thread to thread, must be the lock.
#[derive(Default)]
struct Counter(AtomicU64);

impl Counter {
    fn add_one(&self) {
        let seen = self.0.load(Ordering::Relaxed);
        self.0.store(seen + 1, Ordering::Relaxed);
    }

    /// Joining the threads has made their stores visible here.
    fn expect(&self, sections: u64, name: &str) {
        let counted = self.0.load(Ordering::Relaxed);
        assert_eq!(counted, sections, "{name} let increments get lost");
    }
}
