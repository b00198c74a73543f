//! Waiters that give up, by a deadline or because they are cancelled, under the model checker: none
//! takes along what was meant for another.
//!
//! By hand: `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-mutex --test
//! loom_giving_up`.

#![cfg(lockset_loom)]

mod common;

use std::sync::Arc;

use common::{
    add_one, cancel, count, counter, lock_in_time, lock_times, lock_unless, model,
    model_each_policy, read,
};
use lock_api::MutexGuard;
use lockset_mutex::sync::expire_deadlines;
use lockset_mutex::{LockUnless, Policy};
use loom::cell::UnsafeCell;
use loom::thread;

fn a_timed_wait_ends_in_the_lock_or_without_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let clock = thread::spawn(expire_deadlines);
        let held = counter.lock();
        let waiter = lock_in_time(&counter);
        add_one(&held);
        drop(held);
        let granted = waiter.join().unwrap();
        clock.join().unwrap();
        assert_eq!(count(&counter), 1 + usize::from(granted));
    });
}

/// The clock does not strike, nor is the switch thrown: there is no reason to give up.
fn whoever_has_time_gets_the_lock<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let (counter, cancel) = (counter::<P>(), cancel());
        let held = counter.lock();
        let timed = lock_in_time(&counter);
        let cancellable = lock_unless(&counter, &cancel);
        drop(held);
        assert!(timed.join().unwrap() && cancellable.join().unwrap());
        assert_eq!(count(&counter), 2);
    });
}

/// A waiter that gives up must not take the wake-up, the role or the token of the other one.
fn a_waiter_that_gives_up_takes_nothing_with_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let held = counter.lock();
        let timed = lock_in_time(&counter);
        let patient = lock_times(&counter, 1);
        expire_deadlines();
        drop(held);
        patient.join().unwrap();
        let granted = timed.join().unwrap();
        assert_eq!(count(&counter), 1 + usize::from(granted));
    });
}

fn a_fair_unlock_meets_a_waiter_that_gives_up<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let clock = thread::spawn(expire_deadlines);
        let held = counter.lock();
        let timed = lock_in_time(&counter);
        MutexGuard::unlock_fair(held);
        let granted = timed.join().unwrap();
        clock.join().unwrap();
        // Reserved for somebody who is gone, it could be had by nobody.
        assert!(counter.try_lock().is_some(), "the lock is owed to nobody");
        assert_eq!(count(&counter), usize::from(granted));
    });
}

/// The same, with one behind the other.
fn a_fair_unlock_meets_one_that_gives_up_and_one_that_does_not<P: Policy>(
    preemptions: Option<usize>,
) {
    model(preemptions, || {
        let counter = counter::<P>();
        let held = counter.lock();
        let timed = lock_in_time(&counter);
        let patient = lock_times(&counter, 1);
        expire_deadlines();
        MutexGuard::unlock_fair(held);
        let granted = timed.join().unwrap();
        patient.join().unwrap();
        assert!(counter.try_lock().is_some(), "the lock is owed to nobody");
        assert_eq!(count(&counter), 1 + usize::from(granted));
    });
}

/// Nobody unlocks, so a switch that is not seen shows as a deadlock.
fn a_cancelled_waiter_leaves_a_held_lock<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let (counter, cancel) = (counter::<P>(), cancel());
        #[allow(clippy::arc_with_non_send_sync, reason = "loom watches who shares it")]
        let reason = Arc::new(UnsafeCell::new(0));
        let held = counter.lock();
        let waiter = {
            let (counter, cancel) = (Arc::clone(&counter), Arc::clone(&cancel));
            let reason = Arc::clone(&reason);
            thread::spawn(move || {
                assert!(counter.lock_unless(&cancel).is_none());
                read(&reason)
            })
        };
        add_one(&reason);
        cancel.cancel();
        assert_eq!(waiter.join().unwrap(), 1);
        drop(held);
        assert!(counter.try_lock().is_some(), "the waiter has left");
    });
}

/// The same for one that sleeps behind the contender.
fn a_cancelled_sleeper_leaves_a_held_lock<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let (counter, cancel) = (counter::<P>(), cancel());
        let held = counter.lock();
        let contender = lock_times(&counter, 1);
        thread::yield_now();
        let switch = Arc::clone(&cancel);
        let canceller = thread::spawn(move || switch.cancel());
        assert!(counter.lock_unless(&cancel).is_none());
        canceller.join().unwrap();
        drop(held);
        contender.join().unwrap();
        assert_eq!(count(&counter), 1);
    });
}

fn a_cancelled_wait_ends_in_the_lock_or_without_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let (counter, cancel) = (counter::<P>(), cancel());
        let held = counter.lock();
        let waiter = lock_unless(&counter, &cancel);
        let canceller = thread::spawn(move || cancel.cancel());
        add_one(&held);
        drop(held);
        let granted = waiter.join().unwrap();
        canceller.join().unwrap();
        assert_eq!(count(&counter), 1 + usize::from(granted));
    });
}

/// Whoever is not cancelled gets the lock, whatever was given to the one that was.
fn a_cancelled_waiter_takes_nothing_with_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let (counter, cancel) = (counter::<P>(), cancel());
        let held = counter.lock();
        let cancelled = lock_unless(&counter, &cancel);
        let patient = lock_times(&counter, 1);
        cancel.cancel();
        drop(held);
        patient.join().unwrap();
        let granted = cancelled.join().unwrap();
        assert_eq!(count(&counter), 1 + usize::from(granted));
    });
}

/// One switch, two locks: the wait that is over leaves the list, and the other one stays in it.
fn a_switch_forgets_no_wait_for_another_lock<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let (freed, kept, cancel) = (counter::<P>(), counter::<P>(), cancel());
        let (guard, held) = (freed.lock(), kept.lock());
        let served = lock_unless(&freed, &cancel);
        let cancelled = lock_unless(&kept, &cancel);
        drop(guard);
        assert!(served.join().unwrap(), "nobody has cancelled it");
        cancel.cancel();
        assert!(!cancelled.join().unwrap(), "the lock is held");
        drop(held);
    });
}

model_each_policy! {
    whoever_has_time_gets_the_lock(Some(2)),
    a_switch_forgets_no_wait_for_another_lock(Some(2)),
    a_timed_wait_ends_in_the_lock_or_without_it(Some(4)),
    a_waiter_that_gives_up_takes_nothing_with_it(Some(2)),
    a_fair_unlock_meets_a_waiter_that_gives_up(Some(3)),
    a_fair_unlock_meets_one_that_gives_up_and_one_that_does_not(Some(1)),
    a_cancelled_waiter_leaves_a_held_lock(Some(4)),
    a_cancelled_sleeper_leaves_a_held_lock(Some(1)),
    a_cancelled_wait_ends_in_the_lock_or_without_it(Some(2)),
    a_cancelled_waiter_takes_nothing_with_it(Some(1)),
}
