//! The stages whose sleepers wait in a table, under the model checker: who is called, and when.
//!
//! By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-mutex --test loom_table`.
//!
//! That a lock excludes, and forgets nobody, is asked by the models of all stages. These ask what
//! only a queue of one's own can promise.

#![cfg(lockset_loom)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lock_api::{Mutex, RawMutex};
use lockset_mutex::ladder::BoundedBypass;
use lockset_sync::explore as model;
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

type Counter<R> = Mutex<R, UnsafeCell<usize>>;

fn counter<R: RawMutex>() -> Arc<Counter<R>> {
    let counter = Arc::new(Counter::new(UnsafeCell::new(0)));
    // Used before it is shared, as the seam's atomics ask for.
    drop(counter.lock());
    counter
}

fn add_one<R: RawMutex + 'static>(counter: &Arc<Counter<R>>) -> JoinHandle<()> {
    let counter = Arc::clone(counter);
    // SAFETY: the lock is held, and loom fails the model should that not suffice.
    thread::spawn(move || counter.lock().with_mut(|count| unsafe { *count += 1 }))
}

fn read(cell: &UnsafeCell<usize>) -> usize {
    // SAFETY: the caller holds the lock; as above.
    cell.with(|count| unsafe { *count })
}

/// Two locks have their sleepers in one list. Who is joined first is called by no other unlock, so
/// a wake-up that went to the other lock's sleeper shows as a deadlock.
fn an_unlock_calls_its_own_locks_sleeper<R: RawMutex + 'static>() {
    model(Some(2), || {
        let (kept, freed) = (counter::<R>(), counter::<R>());
        let (held, guard) = (kept.lock(), freed.lock());
        let patient = add_one(&kept);
        let served = add_one(&freed);
        // Each looks once more before it sleeps.
        (0..3).for_each(|_| thread::yield_now());
        drop(guard);
        served.join().unwrap();
        assert_eq!(read(&held), 0, "it is held");
        drop(held);
        patient.join().unwrap();
    });
}

/// One sleeps, and another takes the lock for as long as it is let.
fn a_sleeper_is_overtaken_so_often<const BYPASSES: u32>() {
    // Of all schedules together, so it is no part of the model.
    let worst = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&worst);
    model(Some(2), move || {
        let counter = counter::<BoundedBypass<BYPASSES>>();
        // SAFETY: it is only asked whether somebody sleeps.
        let has_sleepers = || unsafe { counter.raw() }.has_sleepers();
        let held = counter.lock();
        let sleeper = add_one(&counter);
        // It looks once more before it sleeps.
        (0..2).for_each(|_| thread::yield_now());
        let is_asleep = has_sleepers();
        drop(held);
        let mut overtaken = 0;
        while overtaken <= BYPASSES && read(&counter.lock()) == 0 {
            overtaken += 1;
        }
        if is_asleep {
            assert!(overtaken <= BYPASSES, "{overtaken} times, but {BYPASSES} are allowed");
            // Relaxed: one model's schedules come one after the other.
            seen.fetch_max(overtaken, Ordering::Relaxed);
        }
        sleeper.join().unwrap();
        assert!(!has_sleepers(), "nobody is left");
    });
    // Relaxed: as above.
    assert_eq!(worst.load(Ordering::Relaxed), BYPASSES, "so often, and no less");
}

#[test]
fn parking_table_calls_the_locks_own_sleeper() {
    an_unlock_calls_its_own_locks_sleeper::<lockset_mutex::ladder::ParkingTable>();
}

#[test]
fn bounded_bypass_calls_the_locks_own_sleeper() {
    an_unlock_calls_its_own_locks_sleeper::<BoundedBypass>();
}

#[test]
fn bounded_bypass_is_bounded_by_none() {
    a_sleeper_is_overtaken_so_often::<0>();
}

#[test]
fn bounded_bypass_is_bounded_by_two() {
    a_sleeper_is_overtaken_so_often::<2>();
}
