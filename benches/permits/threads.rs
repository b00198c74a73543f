//! Threads that all want a permit, hold it for a moment, and want another soon.
//!
//! # Notes about memory ordering
//!
//! All is Relaxed: the flag only ends the loop, and the counter is ordered by the semaphore, if
//! that is one.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use lockset_bench::work::{turns, work};
use lockset_semaphore::{Barging, Fifo, SemaphoreWith};

use crate::report::{Apart, Effort, Entry, Outcome, Progress, head, row};
use crate::rivals::{ForThreads, ParkingLotPair, StdPair};

/// In nanoseconds.
const SECTION: u32 = 50;
const THOUGHT: u32 = 50;

const BASE: &str = "parking_lot pair";

pub(crate) fn report(effort: &Effort) {
    let names = ["Fifo", "Barging", "tokio", "async-lock", "saa", BASE, "std pair"];
    head("Threads: throughput, and Jain's index", BASE, &names);
    for (threads, permits) in [(2, 1), (8, 1), (8, 4), (32, 1), (32, 16)] {
        let title = format!("{threads} threads, permits: {permits}");
        let span = effort.span;
        row(
            &title,
            BASE,
            effort.rounds,
            &[
                entry("Fifo", move || race::<SemaphoreWith<Fifo>>(threads, permits, span)),
                entry("Barging", move || race::<SemaphoreWith<Barging>>(threads, permits, span)),
                entry("tokio", move || race::<tokio::sync::Semaphore>(threads, permits, span)),
                entry("async-lock", move || race::<async_lock::Semaphore>(threads, permits, span)),
                entry("saa", move || race::<saa::Semaphore>(threads, permits, span)),
                entry(BASE, move || race::<ParkingLotPair>(threads, permits, span)),
                entry("std pair", move || race::<StdPair>(threads, permits, span)),
            ],
        );
    }
}

fn entry(name: &'static str, round: impl Fn() -> Outcome + 'static) -> Entry<'static> {
    Entry { name, round: Box::new(round) }
}

fn race<S: ForThreads>(threads: u32, permits: usize, span: Duration) -> Outcome {
    let semaphore = Apart(S::new(permits));
    let is_over = Apart(AtomicBool::new(false));
    // An increment is a load and a store: with one permit it is exact only if the semaphore
    // excludes. With several it is nothing but work.
    let counter = Apart(AtomicU64::new(0));
    let progress: Vec<Progress> = (0..threads).map(|_| Progress::default()).collect();
    let start = Barrier::new(threads as usize + 1);
    let (section, thought) = (turns(SECTION), turns(THOUGHT));
    let run = &|progress: &Progress| {
        let mut value = 1;
        start.wait();
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
        start.wait();
        thread::sleep(span / 4);
        let outcome = Progress::watch(&progress, span);
        is_over.0.store(true, Relaxed);
        outcome
    });
    assert_eq!(semaphore.0.available(), permits, "permits were lost");
    let pairs = Progress::sum(&progress);
    assert!(permits > 1 || counter.0.load(Relaxed) == pairs, "it does not exclude");
    outcome
}
