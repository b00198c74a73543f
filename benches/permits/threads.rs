//! Threads that all want a permit, hold it for a moment, and want another soon.
//!
//! # Notes about memory ordering
//!
//! All is Relaxed: the flag only ends the loop, and the counter is ordered by the semaphore, if
//! that is one.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use lockset_bench::work::{turns, work};
use lockset_compare::semaphores::{ParkingLotPair, Semaphore, StdPair};
use lockset_semaphore::{Barging, Fifo, SemaphoreWith};

use crate::report::{Apart, Effort, Entry, Outcome, Progress, head, row};
use crate::rivals::{NAMES, PARKING_LOT, Saa, TOKIO, for_threads};

/// In nanoseconds.
const SECTION: u32 = 50;
const THOUGHT: u32 = 50;

pub(crate) fn report(effort: &Effort) {
    head("Threads: throughput, and Jain's index", PARKING_LOT, &NAMES);
    for (threads, permits) in [(2, 1), (8, 1), (8, 4), (32, 1), (32, 16)] {
        let title = format!("{threads} threads, permits: {permits}");
        let span = effort.span;
        let entries = for_threads!(race(threads, permits, span));
        row(&title, PARKING_LOT, effort.rounds, &entries);
    }
}

fn race<S: Semaphore>(threads: u32, permits: usize, span: Duration) -> Outcome {
    let semaphore = Apart(S::of(permits));
    let is_over = Apart(AtomicBool::new(false));
    // An increment is a load and a store: with one permit it is exact only if the semaphore
    // excludes. With several it is nothing but work.
    let counter = Apart(AtomicU64::new(0));
    let progress: Vec<Progress> = (0..threads).map(|_| Progress::default()).collect();
    let (section, thought) = (turns(SECTION), turns(THOUGHT));
    let run = &|progress: &Progress| {
        let mut value = 1;
        progress.begin();
        while !is_over.0.load(Relaxed) {
            semaphore.0.section(|| {
                if permits == 1 {
                    counter.0.store(counter.0.load(Relaxed) + 1, Relaxed);
                }
                value = work(value, section);
            });
            progress.add_one();
            value = work(value, thought);
        }
        black_box(value);
    };
    let outcome = thread::scope(|scope| {
        progress.iter().for_each(|progress| _ = scope.spawn(move || run(progress)));
        let outcome = Progress::watch(&progress, span);
        is_over.0.store(true, Relaxed);
        outcome
    });
    assert_eq!(semaphore.0.free(), permits, "permits were lost");
    let pairs = Progress::sum(&progress);
    assert!(permits > 1 || counter.0.load(Relaxed) == pairs, "it does not exclude");
    outcome
}
