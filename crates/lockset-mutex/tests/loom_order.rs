//! Who may overtake whom, under the model checker; and what could make a waiter miss its turn.
//!
//! By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-mutex --test loom_order`.

#![cfg(lockset_loom)]

mod common;

use std::sync::Arc;

use common::{add_one, count, counter, lock_times, model, model_each_policy, read};
use lock_api::MutexGuard;
use lockset_mutex::{
    Asymmetric, Barging, Bounded, Counted, Fifo, HasCounts, MutexGuardWith, Policy,
};
use loom::cell::UnsafeCell;
use loom::thread;

type Guard<'a, P> = MutexGuardWith<'a, Counted<P>, UnsafeCell<usize>>;

/// Holds the lock; if the other one sleeps by then, lets go of it by `unlock`, and tries to be
/// faster than that one.
///
/// That somebody is about to sleep, and so has announced itself, is told by the counts; they are no
/// step of the checker's, which has enough others to come in between.
fn a_newcomer_finds_the_lock_owed<P: Policy>(unlock: fn(Guard<'_, P>)) {
    model(Some(3), move || {
        let counter = counter::<Counted<P>>();
        let held = counter.lock();
        let other = lock_times(&counter, 1);
        thread::yield_now();
        let is_owed = counter.counts().parks > 0;
        unlock(held);
        if let Some(count) = counter.try_lock() {
            assert!(!is_owed || read(&count) == 1, "a waiter was overtaken");
        }
        other.join().unwrap();
        assert_eq!(count(&counter), 1);
    });
}

/// A contender that could not get the lock has asked for it by the time it sleeps.
#[test]
fn nobody_overtakes_a_bounded_waiter_that_has_asked() {
    a_newcomer_finds_the_lock_owed::<Bounded>(|held| drop(held));
}

#[test]
fn nobody_overtakes_a_bounded_waiter_that_has_asked_asymmetrically() {
    a_newcomer_finds_the_lock_owed::<Asymmetric<Bounded>>(|held| drop(held));
}

#[test]
fn nobody_overtakes_a_fifo_waiter() {
    a_newcomer_finds_the_lock_owed::<Fifo>(|held| drop(held));
}

#[test]
fn nobody_overtakes_a_waiter_after_a_fair_unlock() {
    a_newcomer_finds_the_lock_owed::<Barging>(|held| MutexGuard::unlock_fair(held));
}

/// As above, but here the waiter has asked already when it is given the lock.
#[test]
fn nobody_overtakes_a_bounded_waiter_after_a_fair_unlock() {
    a_newcomer_finds_the_lock_owed::<Bounded>(|held| MutexGuard::unlock_fair(held));
}

/// The one that unlocks was the contender, so the role is vacant, and whoever waits sleeps.
///
/// A contender goes to sleep once more only if another has announced itself meanwhile: so two
/// sleeps are those of two, or somebody waits.
#[test]
fn nobody_overtakes_a_sleeper_after_a_fair_unlock() {
    model(Some(2), || {
        let counter = counter::<Counted<Barging>>();
        let held = counter.lock();
        let sleeper = lock_times(&counter, 1);
        let fair = Arc::clone(&counter);
        let fair = thread::spawn(move || {
            let held = fair.lock();
            let is_owed = fair.counts().parks > 1;
            MutexGuard::unlock_fair(held);
            if let Some(count) = fair.try_lock() {
                assert!(!is_owed || read(&count) == 1, "a sleeper was overtaken");
            }
        });
        thread::yield_now();
        drop(held);
        sleeper.join().unwrap();
        fair.join().unwrap();
        assert_eq!(count(&counter), 1);
    });
}

fn a_fair_unlock_meets_a_waiter<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let other = lock_times(&counter, 1);
        let held = counter.lock();
        add_one(&held);
        MutexGuard::unlock_fair(held);
        add_one(&counter.lock());
        other.join().unwrap();
        assert_eq!(count(&counter), 3);
    });
}

fn a_fair_unlock_meets_two_waiters<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let counter = counter::<P>();
        let held = counter.lock();
        let others = [lock_times(&counter, 1), lock_times(&counter, 1)];
        MutexGuard::unlock_fair(held);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(counter.try_lock().is_some(), "the lock is owed to nobody");
        assert_eq!(count(&counter), 2);
    });
}

model_each_policy! {
    a_fair_unlock_meets_a_waiter(Some(4)),
    a_fair_unlock_meets_two_waiters(Some(2)),
}
