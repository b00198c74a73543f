//! `try_lock` under the model checker: with nobody else around, and as a third thread.
//!
//! The other models are content with a lock that nobody can have by `try_lock`. These are not. And
//! whoever tries passes by the queue, so it alone may depend on an ordering that those who wait
//! get from the queue as well.

#![cfg(lockset_loom)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lock_api::{Mutex, RawMutex, RawMutexTimed};
use lockset_mutex::for_each_stage;
use lockset_mutex::ladder::ThreeState;
use lockset_mutex::sync::expire_deadlines;
use loom::cell::UnsafeCell;
use loom::thread;

/// One holds, one waits, and one that has never had the lock before tries.
fn a_newcomer_tries_beside_a_waiter<R: RawMutex + 'static>() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let counter = Arc::new(Mutex::<R, _>::new(UnsafeCell::new(0)));
        // Used before it is shared, as the seam's atomics ask for; all of it.
        drop(counter.lock());
        let add_one = |cell: &UnsafeCell<usize>| {
            // SAFETY: the caller holds the lock, and loom fails the model should that not suffice.
            cell.with_mut(|count| unsafe { *count += 1 });
        };
        let waiter = Arc::clone(&counter);
        let waiter = thread::spawn(move || add_one(&waiter.lock()));
        let newcomer = Arc::clone(&counter);
        let newcomer = thread::spawn(move || newcomer.try_lock().map(|guard| add_one(&guard)));
        add_one(&counter.lock());
        waiter.join().unwrap();
        let granted = newcomer.join().unwrap().is_some();
        // SAFETY: as above.
        let count = counter.lock().with(|count| unsafe { *count });
        assert_eq!(count, 2 + usize::from(granted));
    });
}

/// A free lock is had, a held one is not, and a lock is free again once its guard is gone.
fn a_try_lock_tells_held_from_free<R: RawMutex>() {
    loom::model(|| {
        let lock = Mutex::<R, ()>::new(());
        for _ in 0..2 {
            assert!(!lock.is_locked());
            let first = lock.try_lock();
            assert!(first.is_some() && lock.is_locked());
            assert!(lock.try_lock().is_none());
            drop(first);
            let second = lock.lock();
            assert!(lock.is_locked() && lock.try_lock().is_none());
            drop(second);
        }
    });
}

/// A verb, and whether it got the lock.
type Way<R> = fn(&Mutex<R, ()>) -> bool;

/// The same with a deadline. The clock has struck, so whoever has to wait gives up.
fn a_deadline_tells_held_from_free<R>()
where
    R: RawMutexTimed<Duration = Duration, Instant = Instant>,
{
    loom::model(|| {
        let lock = Mutex::<R, ()>::new(());
        assert!(!lock.is_locked());
        expire_deadlines();
        let ways: [Way<R>; 3] = [
            |lock| lock.try_lock_for(Duration::from_secs(1)).is_some(),
            |lock| lock.try_lock_until(Instant::now()).is_some(),
            |lock| lock.try_lock().is_some(),
        ];
        for is_had in ways {
            assert!(is_had(&lock));
            let held = lock.lock();
            assert!(!is_had(&lock));
            drop(held);
        }
        // For ever, as far as the clock can tell: no deadline at all.
        assert!(lock.try_lock_for(Duration::MAX).is_some());
    });
}

macro_rules! model_each {
    ($($name:ident: $Stage:ident),*) => {$(
        mod $name {
            #[test]
            fn a_try_lock_tells_held_from_free() {
                super::a_try_lock_tells_held_from_free::<lockset_mutex::ladder::$Stage>();
            }

            #[test]
            fn a_newcomer_tries_beside_a_waiter() {
                super::a_newcomer_tries_beside_a_waiter::<lockset_mutex::ladder::$Stage>();
            }
        }
    )*};
}

for_each_stage!(model_each);

#[test]
fn three_state_with_a_deadline_tells_held_from_free() {
    a_deadline_tells_held_from_free::<ThreeState>();
}
