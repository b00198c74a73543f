//! The shipped locks, their real futex included, under ThreadSanitizer.
//!
//! `cargo xtask tsan` builds this with the sanitizer and requires that it stays silent, and then
//! with every Release taken out of the crate, and requires a report for each lock. Built without
//! the sanitizer, this is a stress test that only counts, and says so.
//!
//! The sanitizer understands atomics and threads, but not the standard library's own locks, which
//! it is not built with. So nothing here uses those, nor the test harness, which does: this is a
//! plain program. And it keeps to few rounds, because the sanitizer remembers only so much: with
//! more of them, it finds less.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use lock_api::{RawMutex, RawMutexTimed};
use lockset_mutex::RawMutex as Raw;
use lockset_mutex::{Asymmetric, Barging, Bounded, Fifo, for_each_stage, ladder};

/// No more than there are processors: among spinning waiters in a queue, each hand-over to one that
/// is not running costs a turn of the scheduler.
const THREADS: u64 = 2;
const ROUNDS: u64 = 500;

/// One way to use one lock.
struct Case {
    name: &'static str,
    run: fn(),
}

macro_rules! cases {
    ($($name:ident: $Stage:ident),*) => {
        /// Every lock, by `lock` and `try_lock`, and by deadlines where it has them.
        const CASES: &[Case] = &[
            $(Case { name: stringify!($name), run: excludes::<ladder::$Stage> },)*
            Case { name: "three_state_timed", run: excludes_timed::<ladder::ThreeState> },
            Case { name: "bounded", run: excludes::<Raw<Bounded>> },
            Case { name: "bounded_timed", run: excludes_timed::<Raw<Bounded>> },
            Case { name: "barging", run: excludes::<Raw<Barging>> },
            Case { name: "barging_timed", run: excludes_timed::<Raw<Barging>> },
            Case { name: "fifo", run: excludes::<Raw<Fifo>> },
            Case { name: "fifo_timed", run: excludes_timed::<Raw<Fifo>> },
            Case { name: "asymmetric_policy", run: excludes::<Raw<Asymmetric<Bounded>>> },
        ];
    };
}

for_each_stage!(cases);

/// Takes what the test harness takes: `--list`, or what to run, by `--exact` or a part of the name.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--list") {
        CASES.iter().for_each(|case| println!("{}: test", case.name));
        return;
    }
    let only = arguments.iter().find(|argument| !argument.starts_with('-'));
    let is_chosen = |case: &&Case| {
        only.is_none_or(|only| case.name == only || !has("--exact") && case.name.contains(only))
    };
    let how = if cfg!(lockset_tsan) { "under ThreadSanitizer" } else { "without a sanitizer" };
    let mut count = 0;
    for Case { name, run } in CASES.iter().filter(is_chosen) {
        run();
        println!("tsan {name} ... ok, {how}");
        count += 1;
    }
    println!("\ntest result: ok. {count} passed; 0 failed; 0 ignored");
}

/// A number that is no atomic: what orders its accesses is the lock alone.
fn excludes<R: RawMutex + Send + Sync + 'static>() {
    counts::<R>(|counter| {
        *counter.lock() += 1;
        // A failed attempt leaves nothing behind, and a successful one is as good as `lock`.
        match counter.try_lock() {
            Some(mut count) => *count += 1,
            None => *counter.lock() += 1,
        }
    });
}

fn excludes_timed<R>()
where
    R: RawMutexTimed<Duration = Duration> + Send + Sync + 'static,
{
    counts::<R>(|counter| {
        for patience in [Duration::ZERO, Duration::MAX] {
            match counter.try_lock_for(patience) {
                Some(mut count) => *count += 1,
                None => *counter.lock() += 1,
            }
        }
    });
}

/// Runs `add_two` on all threads at once, and counts.
fn counts<R: RawMutex + Send + Sync + 'static>(add_two: fn(&lock_api::Mutex<R, u64>)) {
    let counter = Arc::new(lock_api::Mutex::<R, u64>::new(0));
    let arrived = Arc::new(AtomicU64::new(0));
    let start = |_| {
        let (counter, arrived) = (Arc::clone(&counter), Arc::clone(&arrived));
        thread::spawn(move || {
            // All start at once. Relaxed: nothing may be ordered but by the lock.
            arrived.fetch_add(1, Relaxed);
            while arrived.load(Relaxed) < THREADS {
                thread::yield_now();
            }
            (0..ROUNDS).for_each(|_| add_two(&counter));
        })
    };
    let threads: Vec<_> = (0..THREADS).map(start).collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
    assert_eq!(*counter.lock(), THREADS * ROUNDS * 2);
}
