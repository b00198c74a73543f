//! Every lock of the crate, guard and all, with many threads, on randomly drawn schedules.
//!
//! Run by `cargo xtask test`. By hand:
//! `RUSTFLAGS="--cfg lockset_shuttle" cargo test --release -p lockset-mutex --test shuttle`.
//!
//! Loom sees more, but no more than a few threads. This sees eight, on some of their schedules:
//! half of them drawn evenly, half by PCT, which prefers the rare ones. It knows nothing of
//! orderings.
//!
//! A failure prints its schedule. To see it again, and nothing else, set `LOCKSET_SCHEDULE` to it
//! and run that one test.

#![cfg(lockset_shuttle)]

use std::sync::Arc;
use std::time::Instant;

use lock_api::{RawMutex, RawMutexTimed};
use lockset_mutex::for_each_stage;
use lockset_mutex::ladder::ThreeState;
use lockset_mutex::sync::expire_deadlines;
use lockset_mutex::{Condvar, Mutex};
use lockset_sync::explore;
use shuttle::sync::atomic::{AtomicU32, Ordering::SeqCst};
use shuttle::thread::{self, JoinHandle};

const THREADS: u32 = 8;

/// How many schedules of each kind a model is run on.
const SCHEDULES: usize = 10_000;

/// The shipped lock, and a count that shuttle watches: who holds the lock touches it, so that there
/// is a place where others can come in. Without one, no schedule would show two holders at once.
struct Room<R> {
    visits: lock_api::Mutex<R, u32>,
    inside: AtomicU32,
}

impl<R: RawMutex> Room<R> {
    fn new() -> Arc<Self> {
        let room = Self { visits: lock_api::Mutex::new(0), inside: AtomicU32::new(0) };
        // Used before it is shared, as the seam's atomics ask for; all of it.
        drop(room.visits.lock());
        Arc::new(room)
    }

    /// What a holder does: sees that it is alone, before and after others had their chance.
    fn visit(&self, visits: &mut u32) {
        // SeqCst: shuttle knows no other.
        assert_eq!(self.inside.fetch_add(1, SeqCst), 0, "somebody else is in here");
        *visits += 1;
        assert_eq!(self.inside.fetch_sub(1, SeqCst), 1, "somebody else came in");
    }

    fn lock_times(self: &Arc<Self>, times: u32) -> JoinHandle<u32>
    where
        R: Send + Sync + 'static,
    {
        let room = Arc::clone(self);
        thread::spawn(move || {
            (0..times).for_each(|_| room.visit(&mut room.visits.lock()));
            times
        })
    }

    fn require_visits(&self, threads: Vec<JoinHandle<u32>>) {
        let sum: u32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(*self.visits.lock(), sum, "visits got lost");
    }
}

/// Everybody locks twice: a waiter that was woken must not forget those who still sleep.
fn eight_threads_exclude_each_other<R: RawMutex + Send + Sync + 'static>() {
    explore(SCHEDULES, || {
        let room = Room::<R>::new();
        room.require_visits((0..THREADS).map(|_| room.lock_times(2)).collect());
    });
}

/// Few enough that all who wait can be on their way to sleep at once, so that a wake-up finds none.
fn three_threads_that_lock_often<R: RawMutex + Send + Sync + 'static>() {
    explore(SCHEDULES, || {
        let room = Room::<R>::new();
        room.require_visits((0..3).map(|_| room.lock_times(4)).collect());
    });
}

fn a_try_lock_gets_the_lock_or_leaves_it<R: RawMutex + Send + Sync + 'static>() {
    explore(SCHEDULES, || {
        let room = Room::<R>::new();
        let tries = |_| {
            let room = Arc::clone(&room);
            thread::spawn(move || match room.visits.try_lock() {
                Some(mut visits) => {
                    room.visit(&mut visits);
                    1
                }
                None => 0,
            })
        };
        let mut threads: Vec<_> = (0..THREADS / 2).map(tries).collect();
        threads.extend((0..THREADS / 2).map(|_| room.lock_times(1)));
        room.require_visits(threads);
    });
}

/// Half of the waiters give up at some moment, and must take no wake-up of the others with them.
fn a_waiter_that_gives_up_leaves_no_trace<R>()
where
    R: RawMutexTimed<Instant = Instant> + Send + Sync + 'static,
{
    explore(SCHEDULES, || {
        let room = Room::<R>::new();
        let timed = |_| {
            let room = Arc::clone(&room);
            thread::spawn(move || match room.visits.try_lock_until(Instant::now()) {
                Some(mut visits) => {
                    room.visit(&mut visits);
                    1
                }
                None => 0,
            })
        };
        let clock = thread::spawn(|| {
            expire_deadlines();
            0
        });
        let mut threads: Vec<_> = (0..THREADS / 2).map(timed).collect();
        threads.extend((0..THREADS / 2).map(|_| room.lock_times(2)));
        threads.push(clock);
        room.require_visits(threads);
    });
}

macro_rules! model_each {
    ($($name:ident: $Stage:ident),*) => {$(
        mod $name {
            type Stage = lockset_mutex::ladder::$Stage;

            #[test]
            fn eight_threads_exclude_each_other() {
                super::eight_threads_exclude_each_other::<Stage>();
            }

            #[test]
            fn a_try_lock_gets_the_lock_or_leaves_it() {
                super::a_try_lock_gets_the_lock_or_leaves_it::<Stage>();
            }
        }
    )*};
}

/// The mutex to use, with each policy.
macro_rules! model_policy {
    ($name:ident: $Policy:ty) => {
        mod $name {
            #[allow(unused_imports, reason = "one of them is")]
            use lockset_mutex::{Asymmetric, Barging, Bounded, Fifo};

            type Raw = lockset_mutex::RawMutex<$Policy>;

            #[test]
            fn three_threads_that_lock_often() {
                super::three_threads_that_lock_often::<Raw>();
            }

            #[test]
            fn eight_threads_exclude_each_other() {
                super::eight_threads_exclude_each_other::<Raw>();
            }

            #[test]
            fn a_try_lock_gets_the_lock_or_leaves_it() {
                super::a_try_lock_gets_the_lock_or_leaves_it::<Raw>();
            }

            #[test]
            fn a_waiter_that_gives_up_leaves_no_trace() {
                super::a_waiter_that_gives_up_leaves_no_trace::<Raw>();
            }
        }
    };
}

model_policy!(bounded: Bounded);
model_policy!(barging: Barging);
model_policy!(fifo: Fifo);
model_policy!(asymmetric_policy: Asymmetric<Bounded>);

for_each_stage!(model_each);

#[test]
fn three_state_with_deadlines() {
    a_waiter_that_gives_up_leaves_no_trace::<ThreeState>();
}

/// Half of the threads wait for what the others bring: until the deadline passes, then in earnest.
#[test]
fn each_of_many_waiters_is_notified() {
    explore(SCHEDULES, || {
        let (passes, changed) = (Mutex::new(0), Condvar::new());
        // Used before it is shared, as the seam's atomics ask for; all of it.
        drop(passes.lock());
        let _ = format!("{:?}", changed.raw());
        let gate = Arc::new((passes, changed));
        let start = |role: fn(&Mutex<u32>, &Condvar)| {
            let gate = Arc::clone(&gate);
            thread::spawn(move || role(&gate.0, &gate.1))
        };
        let mut threads = vec![start(|_, _| expire_deadlines())];
        threads.extend((0..THREADS / 2).map(|_| {
            start(|passes, changed| {
                let mut passes = passes.lock();
                changed.wait_until(&mut passes, Instant::now());
                changed.wait_while(&mut passes, |passes| *passes == 0);
                *passes -= 1;
            })
        }));
        threads.extend((0..THREADS / 2).map(|_| {
            start(|passes, changed| {
                *passes.lock() += 1;
                changed.notify_one();
            })
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*gate.0.lock(), 0);
    });
}
