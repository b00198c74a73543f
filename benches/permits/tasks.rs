//! Tasks that all want a permit, hold it over one turn of the others, and want another.
//!
//! # Notes about memory ordering
//!
//! All is Relaxed: the flag only ends the loop, and the counter is ordered by the semaphore, if
//! that is one.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use lockset_bench::work::{turns, work};
use lockset_compare::semaphores::ForTasks;
use lockset_semaphore::{Barging, Fifo, SemaphoreWith};
use tokio::runtime::Runtime;

use crate::report::{Apart, Effort, Entry, Outcome, Progress, head, row};
use crate::rivals::{FOR_TASKS, NAMES, Saa, TOKIO, for_tasks};

/// In nanoseconds.
const SECTION: u32 = 50;
/// As many as the machine that this was written on has processors.
const WORKERS: usize = 2;

pub(crate) fn report(effort: &Effort) {
    let single = tokio::runtime::Builder::new_current_thread().build();
    let several = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).build();
    let runtimes = [("a runtime of one thread", single), ("a runtime of two threads", several)];
    for (what, runtime) in runtimes {
        let runtime = &runtime.expect("a runtime starts");
        let title = format!("Tasks on {what}: throughput, and Jain's index");
        head(&title, TOKIO, &NAMES[..FOR_TASKS]);
        for (tasks, permits) in [(2, 1), (100, 1), (100, 50), (10_000, 1), (10_000, 5_000)] {
            let title = format!("{tasks} tasks, permits: {permits}");
            let case = Case { runtime, tasks, permits, span: effort.span };
            let entries = for_tasks!(race(case));
            // The last of them, saa, has so few permits at most.
            let has_so_many = permits <= Saa::MAX_PERMITS;
            let count = if has_so_many { entries.len() } else { entries.len() - 1 };
            row(&title, TOKIO, effort.rounds, &entries[..count]);
        }
    }
}

#[derive(Clone, Copy)]
struct Case<'a> {
    runtime: &'a Runtime,
    tasks: usize,
    permits: usize,
    span: Duration,
}

struct Shared<S> {
    semaphore: Apart<S>,
    is_over: Apart<AtomicBool>,
    counter: Apart<AtomicU64>,
    progress: Vec<Progress>,
}

fn race<S: ForTasks>(Case { runtime, tasks, permits, span }: Case<'_>) -> Outcome {
    let shared = Arc::new(Shared {
        semaphore: Apart(S::of(permits)),
        is_over: Apart(AtomicBool::new(false)),
        counter: Apart(AtomicU64::new(0)),
        progress: (0..tasks).map(|_| Progress::default()).collect(),
    });
    let section = turns(SECTION);
    let run = |index: usize, shared: Arc<Shared<S>>| async move {
        let mut value = 1;
        shared.progress[index].begin();
        while !shared.is_over.0.load(Relaxed) {
            let inside = async {
                let counted = shared.counter.0.load(Relaxed);
                let value = work(value, section);
                tokio::task::yield_now().await;
                if permits == 1 {
                    shared.counter.0.store(counted + 1, Relaxed);
                }
                value
            };
            value = shared.semaphore.0.section_async(inside).await;
            shared.progress[index].add_one();
        }
        black_box(value);
    };
    let workers: Vec<_> =
        (0..tasks).map(|index| runtime.spawn(run(index, Arc::clone(&shared)))).collect();
    let outcome = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let outcome = Progress::watch(&shared.progress, span);
            shared.is_over.0.store(true, Relaxed);
            outcome
        });
        // A runtime of one thread runs its tasks here.
        runtime.block_on(async {
            for worker in workers {
                worker.await.expect("no section panics");
            }
        });
        watcher.join().expect("it only watches")
    });
    assert_eq!(shared.semaphore.0.free(), permits, "permits were lost");
    let pairs = Progress::sum(&shared.progress);
    assert!(permits > 1 || shared.counter.0.load(Relaxed) == pairs, "it does not exclude");
    outcome
}
