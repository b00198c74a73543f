//! The shipped semaphore under ThreadSanitizer.
//!
//! `cargo xtask tsan` builds this with the sanitizer and requires that it stays silent, and then
//! with every Release taken out of the crate, its seam excepted, and requires a report for each
//! case. Built without the sanitizer, this is a stress test that only counts, and says so.
//!
//! The sanitizer understands atomics and threads, but not the standard library's own locks, which
//! it is not built with. So nothing here uses those, nor the test harness, which does: this is a
//! plain program. The semaphore does: its queue is behind std's mutex. In this build alone it is
//! behind another one, which the sanitizer sees: `src/sync/watched_mutex.rs` says what that leaves
//! unseen. And this keeps to few rounds, because the sanitizer remembers only so much: with more of
//! them, it finds less.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, block_on};
use lockset_semaphore::{Barging, Bounded, Fifo, Policy, SemaphoreWith};

/// No more than there are processors: under a strict order, each hand-over to one that is not
/// running costs a turn of the scheduler.
const THREADS: u64 = 2;
const ROUNDS: u64 = 500;

/// A number that is no atomic: what orders its accesses is the semaphore alone.
struct Guarded<P: Policy> {
    semaphore: SemaphoreWith<P>,
    number: UnsafeCell<u64>,
}

// SAFETY: each case says who may use the number, by permits or by the closing.
unsafe impl<P: Policy> Sync for Guarded<P> {}

impl<P: Policy> Guarded<P> {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { semaphore: SemaphoreWith::new(permits), number: UnsafeCell::new(0) })
    }

    fn add_one(&self) {
        // SAFETY: as above.
        unsafe { *self.number.get() += 1 }
    }

    fn number(&self) -> u64 {
        // SAFETY: as above.
        unsafe { *self.number.get() }
    }
}

/// One way to use a semaphore.
struct Case {
    name: &'static str,
    run: fn(),
}

macro_rules! cases {
    ($($policy:literal: $Policy:ty),*) => {
        /// Every policy, in every way in which news goes from one thread to another.
        const CASES: &[Case] = &[$(
            Case { name: concat!($policy, "_threads"), run: threads::<$Policy> },
            Case { name: concat!($policy, "_tasks"), run: tasks::<$Policy> },
            Case { name: concat!($policy, "_timed"), run: timed::<$Policy> },
            Case { name: concat!($policy, "_all_permits"), run: all_permits::<$Policy> },
            Case { name: concat!($policy, "_closing"), run: closing::<$Policy> },
            Case { name: concat!($policy, "_raised_limit"), run: raised_limit::<$Policy> },
        )*];
    };
}

cases!("fifo": Fifo, "bounded": Bounded<1>, "barging": Barging);

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

fn threads<P: Policy>() {
    counts::<P>(1, |guarded| {
        let permit = guarded.semaphore.acquire(1).expect("open");
        guarded.add_one();
        drop(permit);
        // A failed attempt leaves nothing behind, and a successful one is as good as `acquire`.
        let tried = guarded.semaphore.try_acquire(1).expect("open");
        let _permit = tried.unwrap_or_else(|| guarded.semaphore.acquire(1).expect("open"));
        guarded.add_one();
    });
}

fn tasks<P: Policy>() {
    counts::<P>(1, |guarded| {
        for _ in 0..2 {
            let _permit = block_on(guarded.semaphore.acquire_async(1)).expect("open");
            guarded.add_one();
        }
    });
}

fn timed<P: Policy>() {
    counts::<P>(1, |guarded| {
        for patience in [Duration::ZERO, Duration::MAX] {
            let deadline = Deadline::after(patience);
            let timed = guarded.semaphore.acquire_until(1, deadline).expect("open");
            let _permit = timed.unwrap_or_else(|| guarded.semaphore.acquire(1).expect("open"));
            guarded.add_one();
        }
    });
}

/// Who has both permits is alone, however they came back: together, or one by one.
fn all_permits<P: Policy>() {
    counts::<P>(2, |guarded| {
        for _ in 0..2 {
            let mut both = guarded.semaphore.acquire(2).expect("open");
            guarded.add_one();
            drop(both.split(1));
        }
    });
}

/// Whoever is told that it is closed sees what was done before.
fn closing<P: Policy>() {
    for _ in 0..ROUNDS / 10 {
        let guarded = Guarded::<P>::new(1);
        let permit = guarded.semaphore.acquire(1).expect("open");
        let other = Arc::clone(&guarded);
        let waiter = thread::spawn(move || {
            other.semaphore.acquire(1).map(drop).expect_err("nothing is given back");
            other.number()
        });
        guarded.add_one();
        guarded.semaphore.close();
        drop(permit);
        assert_eq!(waiter.join().expect("no thread panics"), 1);
    }
}

/// Whoever has the permit that a new limit brought sees what was done before.
fn raised_limit<P: Policy>() {
    for _ in 0..ROUNDS / 10 {
        let guarded = Guarded::<P>::new(1);
        let permit = guarded.semaphore.acquire(1).expect("open");
        let other = Arc::clone(&guarded);
        let waiter = thread::spawn(move || {
            let _permit = other.semaphore.acquire(1).expect("open");
            other.number()
        });
        guarded.add_one();
        guarded.semaphore.set_limit(2).expect("as many as that are allowed");
        assert_eq!(waiter.join().expect("no thread panics"), 1);
        drop(permit);
    }
}

/// Runs `add_two` on all threads at once, and counts.
fn counts<P: Policy>(permits: usize, add_two: fn(&Guarded<P>)) {
    let guarded = Guarded::<P>::new(permits);
    let arrived = Arc::new(AtomicU64::new(0));
    let start = |_| {
        let (guarded, arrived) = (Arc::clone(&guarded), Arc::clone(&arrived));
        thread::spawn(move || {
            // All start at once. Relaxed: nothing may be ordered but by the semaphore.
            arrived.fetch_add(1, Relaxed);
            while arrived.load(Relaxed) < THREADS {
                thread::yield_now();
            }
            (0..ROUNDS).for_each(|_| add_two(&guarded));
        })
    };
    let threads: Vec<_> = (0..THREADS).map(start).collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
    assert_eq!(guarded.number(), THREADS * ROUNDS * 2);
    assert_eq!((guarded.semaphore.available(), guarded.semaphore.waiting()), (permits, 0));
}
