//! What each verb of a lock means with nobody else around, under the model checker.
//!
//! The other models are about what threads do to each other, and are content with a lock that
//! nobody can have by `try_lock`. This one is not.

#![cfg(lockset_loom)]

use std::time::{Duration, Instant};

use lock_api::{Mutex, RawMutex, RawMutexTimed};
use lockset_mutex::for_each_stage;
use lockset_mutex::ladder::ThreeState;
use lockset_mutex::sync::expire_deadlines;

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

/// The same with a deadline. The clock has struck, so whoever has to wait gives up.
fn a_deadline_tells_held_from_free<R>()
where
    R: RawMutexTimed<Duration = Duration, Instant = Instant>,
{
    loom::model(|| {
        let lock = Mutex::<R, ()>::new(());
        assert!(!lock.is_locked());
        expire_deadlines();
        let ways: [fn(&Mutex<R, ()>) -> bool; 3] = [
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
        }
    )*};
}

for_each_stage!(model_each);

#[test]
fn three_state_with_a_deadline_tells_held_from_free() {
    a_deadline_tells_held_from_free::<ThreeState>();
}
