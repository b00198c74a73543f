//! Threads of one process that all want the same file, each with an opening of its own.
//!
//! # Notes about memory ordering
//!
//! All is Relaxed: the flag only ends the loop, and the counter, which is loaded and stored as if
//! it were no atomic, is ordered by the lock, or found out not to be.

use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use lockset_bench::stats::jain;

use lockset_compare::files::{Bare, FdLock, Fs4, Fslock, Ours, Std};
use lockset_compare::{Place, Rival};

use crate::rivals::{OursAsync, for_rivals};
use crate::table::{Entry, table};

const THREADS: usize = 8;
const SPAN: Duration = Duration::from_millis(100);

pub(crate) fn report() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let mut entries = for_rivals!(entry, dir.path());
    table("Eight threads of one process: throughput", 15, 0, &mut entries);
    println!("\nJain's index of one more round each:\n");
    for (name, index) in [
        ("bare flock", race::<Bare>(&dir.path().join("jain bare")).1),
        ("lockset", race::<Ours>(&dir.path().join("jain lockset")).1),
    ] {
        println!("- {name}: {index:.3}");
    }
}

fn entry<'a, R: Rival>(name: &'static str, dir: &Path) -> Entry<'a> {
    let path = dir.join(name);
    (name, Box::new(move || race::<R>(&path).0))
}

/// Sections in a second, and how evenly they were shared.
fn race<R: Rival>(path: &Path) -> (f64, f64) {
    let (counter, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let barrier = Barrier::new(THREADS + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut rival = R::open(&Place::of_file(path));
                    let mut sections = 0;
                    barrier.wait();
                    while !is_over.load(Relaxed) {
                        rival.section(|| counter.store(counter.load(Relaxed) + 1, Relaxed));
                        sections += 1;
                    }
                    sections
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        thread::sleep(SPAN);
        is_over.store(true, Relaxed);
        let elapsed = start.elapsed();
        let shares: Vec<u64> =
            threads.into_iter().map(|thread| thread.join().expect("no rival panics")).collect();
        let sections = shares.iter().sum::<u64>();
        assert_eq!(counter.load(Relaxed), sections, "increments got lost");
        (sections as f64 / elapsed.as_secs_f64(), jain(&shares))
    })
}
