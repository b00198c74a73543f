//! The shipped mutex, guard and all, with each policy, under the model checker: exclusion.
//!
//! Run by `cargo xtask test`, each model in a process of its own, because a deadlock that loom
//! finds aborts the process. By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-mutex --test loom`.
//!
//! Two threads are explored exhaustively, more of them, or of their doings, with a bound on the
//! preemptions: the classic mistake of forgetting the other sleepers needs three threads, or two
//! that lock twice.

#![cfg(lockset_loom)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{add_one, cancel, count, counter, lock_times, model, model_each_policy};
use lock_api::MutexGuard;
use lockset_mutex::sync::expire_deadlines;
use lockset_mutex::{LockUnless, Policy};
use loom::thread;

fn two_threads_exclude_each_other<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let other = lock_times(&counter, 1);
        add_one(&counter.lock());
        other.join().unwrap();
        assert_eq!(count(&counter), 2);
    });
}

fn two_threads_that_lock_twice<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let other = lock_times(&counter, 2);
        add_one(&counter.lock());
        add_one(&counter.lock());
        other.join().unwrap();
        assert_eq!(count(&counter), 4);
    });
}

fn three_threads_exclude_each_other<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let others = [lock_times(&counter, 1), lock_times(&counter, 1)];
        add_one(&counter.lock());
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(count(&counter), 3);
    });
}

fn a_try_lock_gets_the_lock_or_leaves_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
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

/// One holds, one waits, and one that has never had the lock before tries: it passes by those who
/// wait, so it alone depends on what the lock's own word orders.
fn a_newcomer_tries_beside_a_waiter<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let waiter = lock_times(&counter, 1);
        let newcomer = Arc::clone(&counter);
        let newcomer = thread::spawn(move || newcomer.try_lock().map(|c| add_one(&c)).is_some());
        add_one(&counter.lock());
        waiter.join().unwrap();
        let granted = newcomer.join().unwrap();
        assert_eq!(count(&counter), 2 + usize::from(granted));
    });
}

/// A free lock is had in each way, a held one in none that may end; and its state is told.
///
/// The clock has struck and the switch is thrown, so whoever has to wait gives up.
fn each_way_tells_held_from_free<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let (counter, cancel) = (counter::<P>(), cancel());
        expire_deadlines();
        cancel.cancel();
        assert!(cancel.is_cancelled());
        let ways: [&dyn Fn() -> bool; 4] = [
            &|| counter.try_lock().is_some(),
            &|| counter.try_lock_for(Duration::from_secs(1)).is_some(),
            &|| counter.try_lock_until(Instant::now()).is_some(),
            &|| counter.lock_unless(&cancel).is_some(),
        ];
        for is_had in ways {
            assert!(!counter.is_locked() && is_had() && !counter.is_locked());
            let held = counter.lock();
            assert!(counter.is_locked() && !is_had() && counter.is_locked());
            drop(held);
        }
        MutexGuard::unlock_fair(counter.lock());
        assert!(counter.try_lock().is_some(), "the lock is owed to nobody");
        // For ever, as far as the clock can tell: no deadline at all.
        assert!(counter.try_lock_for(Duration::MAX).is_some());
    });
}

model_each_policy! {
    each_way_tells_held_from_free(None),
    two_threads_exclude_each_other(None),
    two_threads_that_lock_twice(Some(4)),
    three_threads_exclude_each_other(Some(3)),
    a_try_lock_gets_the_lock_or_leaves_it(None),
    a_newcomer_tries_beside_a_waiter(Some(2)),
}
