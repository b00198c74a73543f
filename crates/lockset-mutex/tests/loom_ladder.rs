//! Every stage of the ladder, guard and all, under the model checker; one set of models for all.
//!
//! Run by `cargo xtask test`, each model in a process of its own, because a deadlock that loom
//! finds aborts the process. By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-mutex --test loom_ladder`.
//!
//! Two threads are explored exhaustively, two that lock twice with at most four preemptions, three
//! threads with at most three.

#![cfg(lockset_loom)]

use std::sync::Arc;
use std::time::Instant;

use lock_api::{Mutex, RawMutex, RawMutexTimed};
use lockset_mutex::for_each_stage;
use lockset_mutex::ladder::{self, ThreeState};
use lockset_mutex::sync::expire_deadlines;
use lockset_sync::explore as model;
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

/// A counter whose every access loom watches: one outside the lock, or not ordered by it, is a
/// data race.
type Counter<R> = Mutex<R, UnsafeCell<usize>>;

fn counter<R: RawMutex>() -> Arc<Counter<R>> {
    let counter = Arc::new(Counter::new(UnsafeCell::new(0)));
    // Used before it is shared, as the seam's atomics ask for; all of it.
    assert!(!counter.is_locked());
    drop(counter.lock());
    counter
}

fn add_one(cell: &UnsafeCell<usize>) {
    // SAFETY: the caller holds the lock, and loom fails the model should that not suffice.
    cell.with_mut(|count| unsafe { *count += 1 });
}

fn count<R: RawMutex>(counter: &Counter<R>) -> usize {
    // SAFETY: as in `add_one`.
    counter.lock().with(|count| unsafe { *count })
}

fn lock_times<R: RawMutex + 'static>(counter: &Arc<Counter<R>>, times: usize) -> JoinHandle<()> {
    let counter = Arc::clone(counter);
    thread::spawn(move || (0..times).for_each(|_| add_one(&counter.lock())))
}

fn two_threads_exclude_each_other<R: RawMutex + 'static>() {
    model(None, || {
        let counter = counter::<R>();
        let other = lock_times(&counter, 1);
        add_one(&counter.lock());
        other.join().unwrap();
        assert_eq!(count(&counter), 2);
    });
}

fn two_threads_that_lock_twice<R: RawMutex + 'static>() {
    model(Some(4), || {
        let counter = counter::<R>();
        let other = lock_times(&counter, 2);
        add_one(&counter.lock());
        add_one(&counter.lock());
        other.join().unwrap();
        assert_eq!(count(&counter), 4);
    });
}

fn three_threads_exclude_each_other<R: RawMutex + 'static>() {
    model(Some(3), || {
        let counter = counter::<R>();
        let others = [lock_times(&counter, 1), lock_times(&counter, 1)];
        add_one(&counter.lock());
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(count(&counter), 3);
    });
}

fn a_try_lock_gets_the_lock_or_leaves_it<R: RawMutex + 'static>() {
    model(None, || {
        let counter = counter::<R>();
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

macro_rules! model_each {
    ($($name:ident: $Stage:ident),*) => {$(
        mod $name {
            type Stage = super::ladder::$Stage;

            #[test]
            fn two_threads_exclude_each_other() {
                super::two_threads_exclude_each_other::<Stage>();
            }

            #[test]
            fn two_threads_that_lock_twice() {
                super::two_threads_that_lock_twice::<Stage>();
            }

            #[test]
            fn three_threads_exclude_each_other() {
                super::three_threads_exclude_each_other::<Stage>();
            }

            #[test]
            fn a_try_lock_gets_the_lock_or_leaves_it() {
                super::a_try_lock_gets_the_lock_or_leaves_it::<Stage>();
            }
        }
    )*};
}

for_each_stage!(model_each);

/// The stage's own number is never reached in a model: so here each unlock, or every second one.
mod bounded_bypass_that_hands_over {
    type Always = super::ladder::BoundedBypass<0>;
    type EverySecond = super::ladder::BoundedBypass<1>;

    #[test]
    fn two_threads_exclude_each_other() {
        super::two_threads_exclude_each_other::<Always>();
    }

    #[test]
    fn two_threads_that_lock_twice() {
        super::two_threads_that_lock_twice::<EverySecond>();
    }

    #[test]
    fn three_threads_exclude_each_other() {
        super::three_threads_exclude_each_other::<Always>();
    }

    #[test]
    fn three_threads_that_now_and_then_hand_over() {
        super::three_threads_exclude_each_other::<EverySecond>();
    }
}

/// A waiter with a deadline gets the lock or not; whichever it is, it takes along no wake-up that
/// was meant for another.
fn a_timed_wait_leaves_no_trace<R: RawMutexTimed<Instant = Instant> + 'static>() {
    model(Some(3), || {
        let counter = counter::<R>();
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

#[test]
fn three_state_with_a_deadline() {
    a_timed_wait_leaves_no_trace::<ThreeState>();
}

/// It keeps one node for the thread's next acquisition; one that is lost each time would be a leak.
#[test]
fn mcs_uses_its_node_again() {
    loom::model(|| {
        let lock = ladder::Mcs::INIT;
        let nodes = [(), ()].map(|()| {
            let token = lock.lock();
            let node = format!("{token:?}");
            // SAFETY: the token is that of the acquisition just made.
            unsafe { lock.unlock(token) };
            node
        });
        assert_eq!(nodes[0], nodes[1]);
    });
}
