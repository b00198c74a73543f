//! Some hundreds of histories in the usual run, and as many more as are asked for.
//!
//! `LOCKSET_SEEDS=10000` runs so many; `LOCKSET_SEED=17` with `one_seed` shows one of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use lockset_seeds::{Reached, run};

/// What every change is put through.
const USUAL: u64 = 300;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}

/// Runs the seeds below `count`, and says what they reached; fails with the first that fails.
fn run_all(count: u64) -> Reached {
    let (next, sum) = (AtomicU64::new(0), Mutex::new(Reached::default()));
    let failures = Mutex::new(Vec::new());
    let work = || {
        loop {
            // Relaxed: it only has to be another one each time.
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= count || !failures.lock().unwrap().is_empty() {
                break;
            }
            let run = run(seed);
            *sum.lock().unwrap() += run.reached;
            if let Some(report) = run.report(seed) {
                failures.lock().unwrap().push((seed, report.to_string()));
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    if let Some((_, report)) = failures.into_inner().unwrap().into_iter().min() {
        panic!("{report}");
    }
    sum.into_inner().unwrap()
}

#[test]
fn all_seeds_keep_the_rules() {
    let count = number("LOCKSET_SEEDS").unwrap_or(USUAL);
    println!("{count} seeds: {:?}", run_all(count));
}

/// Whatever comes of it.
#[test]
fn one_seed() {
    let Some(seed) = number("LOCKSET_SEED") else { return };
    let run = run(seed);
    println!("{}{:?}", run.history, run.reached);
    if let Some(violation) = run.violation {
        panic!("seed {seed}: {violation}");
    }
}

#[test]
fn the_same_seed_is_the_same_history_byte_for_byte() {
    for seed in 0..60 {
        assert!(run(seed).history == run(seed).history, "seed {seed} has two histories");
    }
}
