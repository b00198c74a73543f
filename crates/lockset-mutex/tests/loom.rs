//! The shipped mutex, guard and all, under the model checker.
//!
//! Run by `cargo xtask test`, each model in a process of its own, because a deadlock that loom
//! finds aborts the process. By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-mutex --test loom`.
//!
//! Two threads are explored exhaustively, three with at most three preemptions: the classic mistake
//! of forgetting the other sleepers needs three threads, or two that lock twice.

#![cfg(lockset_loom)]

use std::sync::Arc;
use std::time::Instant;

use lockset_mutex::{Mutex, sync::expire_deadlines};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

/// A counter whose every access loom watches: one outside the lock, or not ordered by it, is a
/// data race.
type Counter = Mutex<UnsafeCell<usize>>;

fn counter() -> Arc<Counter> {
    let counter = Arc::new(Counter::new(UnsafeCell::new(0)));
    // Used before it is shared, as the model's words ask for; all of it.
    assert!(!counter.is_locked());
    drop(counter.lock());
    counter
}

fn add_one(cell: &UnsafeCell<usize>) {
    // SAFETY: the caller holds the lock, and loom fails the model should that not suffice.
    cell.with_mut(|count| unsafe { *count += 1 });
}

fn count(counter: &Counter) -> usize {
    // SAFETY: as in `add_one`.
    counter.lock().with(|count| unsafe { *count })
}

fn lock_times(counter: &Arc<Counter>, times: usize) -> JoinHandle<()> {
    let counter = Arc::clone(counter);
    thread::spawn(move || (0..times).for_each(|_| add_one(&counter.lock())))
}

/// Explores a model with at most so many preemptions, or all of it.
///
/// `LOCKSET_DEEPER` adds to the bound: what `cargo xtask test --deep` does.
fn model(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let deeper = std::env::var("LOCKSET_DEEPER").ok().and_then(|more| more.parse().ok());
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions.map(|bound| bound + deeper.unwrap_or(0));
    builder.check(model);
}

#[test]
fn two_threads_exclude_each_other() {
    model(None, || {
        let counter = counter();
        let other = lock_times(&counter, 1);
        add_one(&counter.lock());
        other.join().unwrap();
        assert_eq!(count(&counter), 2);
    });
}

#[test]
fn two_threads_that_lock_twice() {
    model(Some(4), || {
        let counter = counter();
        let other = lock_times(&counter, 2);
        add_one(&counter.lock());
        add_one(&counter.lock());
        other.join().unwrap();
        assert_eq!(count(&counter), 4);
    });
}

#[test]
fn three_threads_exclude_each_other() {
    model(Some(3), || {
        let counter = counter();
        let others = [lock_times(&counter, 1), lock_times(&counter, 1)];
        add_one(&counter.lock());
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(count(&counter), 3);
    });
}

#[test]
fn a_try_lock_gets_the_lock_or_leaves_it() {
    model(None, || {
        let counter = counter();
        let other = lock_times(&counter, 1);
        let mut expected = 1;
        if let Some(guard) = counter.try_lock() {
            add_one(&guard);
            expected += 1;
        }
        other.join().unwrap();
        assert_eq!(count(&counter), expected);
    });
}

#[test]
fn a_timed_wait_ends_in_the_lock_or_without_it() {
    model(None, || {
        let counter = counter();
        let clock = thread::spawn(expire_deadlines);
        let held = counter.lock();
        let waiter = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.try_lock_until(Instant::now()).map(|g| add_one(&g)))
        };
        add_one(&held);
        drop(held);
        let granted = waiter.join().unwrap().is_some();
        clock.join().unwrap();
        assert_eq!(count(&counter), 1 + usize::from(granted));
    });
}

/// A waiter that gives up must not take the wake-up meant for the other one.
#[test]
fn a_waiter_that_gives_up_takes_no_wake_up_with_it() {
    model(Some(2), || {
        let counter = counter();
        let held = counter.lock();
        let patient = lock_times(&counter, 1);
        let timed = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.try_lock_until(Instant::now()).map(|g| add_one(&g)))
        };
        let clock = thread::spawn(expire_deadlines);
        drop(held);
        patient.join().unwrap();
        let granted = timed.join().unwrap().is_some();
        clock.join().unwrap();
        assert_eq!(count(&counter), 1 + usize::from(granted));
    });
}
