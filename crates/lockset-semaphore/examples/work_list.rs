//! Bounded parallelism over a list of work: `cargo run --example work_list`.
//!
//! Sixteen jobs, a thread each, and no more than three at work at any time. The permit is taken
//! before the thread is started, so there are never more threads than permits, and it goes with the
//! thread: it owns a share of the semaphore.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use lockset_semaphore::{AcquireError, Semaphore};

const JOBS: u64 = 16;
const AT_ONCE: usize = 3;
/// How many numbers a job looks at.
const NUMBERS: u64 = 30_000;

fn main() -> Result<(), AcquireError> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let at_work = Arc::new(AtomicUsize::new(0));
    let mut workers = Vec::new();
    for job in 1..=JOBS {
        let permit = places.acquire_owned(1)?;
        let at_work = Arc::clone(&at_work);
        workers.push(thread::spawn(move || {
            // Relaxed, all: a count that orders nothing.
            let others = at_work.fetch_add(1, Relaxed);
            let steps: u64 = (job * NUMBERS..(job + 1) * NUMBERS).map(collatz).sum();
            at_work.fetch_sub(1, Relaxed);
            drop(permit);
            (steps, others + 1)
        }));
    }
    let results: Vec<(u64, usize)> =
        workers.into_iter().map(|worker| worker.join().expect("no job panics")).collect();
    let steps: u64 = results.iter().map(|result| result.0).sum();
    let most = results.iter().map(|result| result.1).max().unwrap_or(0);
    println!("{JOBS} jobs done in {steps} steps, at most {most} at a time");
    assert!(most <= AT_ONCE);
    Ok(())
}

/// How many steps a number takes to reach 1.
fn collatz(mut number: u64) -> u64 {
    let mut steps = 0;
    while number != 1 {
        number = if number.is_multiple_of(2) { number / 2 } else { 3 * number + 1 };
        steps += 1;
    }
    steps
}
