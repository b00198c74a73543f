//! The condition variable on the real system, with each policy of its mutex.

use std::collections::VecDeque;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use lockset_mutex::{Condvar, CondvarWith, Mutex, MutexWith, Policy};

/// A queue that has room for two, so that both sides wait again and again.
struct Queue<P: Policy> {
    items: MutexWith<P, VecDeque<u64>>,
    filled: CondvarWith<P>,
    emptied: CondvarWith<P>,
}

impl<P: Policy> Queue<P> {
    const ROOM: usize = 2;

    const fn new() -> Self {
        Self {
            items: MutexWith::new(VecDeque::new()),
            filled: CondvarWith::new(),
            emptied: CondvarWith::new(),
        }
    }

    fn push(&self, item: u64) {
        let mut items = self.items.lock();
        self.emptied.wait_while(&mut items, |items| items.len() == Self::ROOM);
        items.push_back(item);
        drop(items);
        self.filled.notify_one();
    }

    /// With a deadline that is far away, and the notification made with the mutex locked.
    fn pop(&self) -> u64 {
        let mut items = self.items.lock();
        self.filled.wait_while_for(&mut items, |items| items.is_empty(), Duration::MAX);
        self.emptied.notify_one();
        items.pop_front().expect("it waited until there was an item")
    }
}

fn every_item_arrives_once<P: Policy>() {
    const ITEMS: u64 = 2_000;
    let queue = Queue::<P>::new();
    let popped = thread::scope(|scope| {
        for producer in 0..2 {
            let queue = &queue;
            scope.spawn(move || (0..ITEMS).for_each(|item| queue.push(2 * item + producer)));
        }
        let consume = || (0..ITEMS).map(|_| queue.pop()).collect::<Vec<_>>();
        let consumers = [scope.spawn(consume), scope.spawn(consume)];
        consumers.map(|consumer| consumer.join().unwrap())
    });
    let mut all = popped.concat();
    all.sort_unstable();
    assert_eq!(all, (0..2 * ITEMS).collect::<Vec<_>>());
}

/// All eight wait before any goes on, several times over.
fn all_meet<P: Policy>() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 50;
    let (arrived, all_here) = (MutexWith::<P, _>::new(0), CondvarWith::<P>::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    let mut arrived = arrived.lock();
                    *arrived += 1;
                    if *arrived == THREADS * round {
                        all_here.notify_all();
                    }
                    all_here.wait_while(&mut arrived, |arrived| *arrived < THREADS * round);
                }
            });
        }
    });
    assert_eq!(*arrived.lock(), THREADS * ROUNDS);
}

macro_rules! test_each {
    ($($name:ident: $policy:ty),* $(,)?) => {$(
        mod $name {
            use lockset_mutex::*;

            #[test]
            fn every_item_arrives_once() {
                super::every_item_arrives_once::<$policy>();
            }

            #[test]
            fn all_meet() {
                super::all_meet::<$policy>();
            }
        }
    )*};
}

test_each! {
    bounded: Bounded,
    barging: Barging,
    fifo: Fifo,
    sendable: Sendable<Bounded>,
    asymmetric: Asymmetric<Bounded>,
    counted: Counted<Fifo>,
}

#[test]
fn it_is_small_and_can_be_static() {
    static CONDVAR: Condvar = Condvar::new();
    assert_eq!(size_of_val(&CONDVAR), 8);
}

#[test]
fn a_notification_for_nobody_is_not_remembered() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    condvar.notify_one();
    condvar.notify_all();
    let mut guard = mutex.lock();
    let waited = condvar.wait_while_until(&mut guard, |()| true, Instant::now());
    assert!(waited.timed_out());
    assert!(mutex.is_locked(), "the guard is good again");
}

#[test]
fn no_wait_times_out_before_its_deadline() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    let mut guard = mutex.lock();
    let deadline = Instant::now() + Duration::from_millis(3);
    while !condvar.wait_until(&mut guard, deadline).timed_out() {}
    assert!(Instant::now() >= deadline);
}

#[test]
fn a_waiter_that_is_notified_in_time_has_not_timed_out() {
    let (mutex, condvar) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        let (is_waiting, waiting) = mpsc::channel();
        let waiter = scope.spawn({
            let (mutex, condvar) = (&mutex, &condvar);
            move || {
                let mut is_done = mutex.lock();
                is_waiting.send(()).unwrap();
                condvar.wait_while_for(&mut is_done, |is_done| !*is_done, Duration::MAX)
            }
        });
        // It has the mutex until it waits.
        waiting.recv().unwrap();
        *mutex.lock() = true;
        condvar.notify_one();
        assert!(!waiter.join().unwrap().timed_out());
    });
}

/// Those who give up do not take along what the others wait for.
#[test]
fn the_patient_are_served_among_those_who_give_up() {
    const PASSES: u64 = 2_000;
    let (passes, changed) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..PASSES {
                    let mut passes = passes.lock();
                    let waited = changed.wait_for(&mut passes, Duration::from_micros(20));
                    drop(passes);
                    if !waited.timed_out() {
                        changed.notify_one();
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..PASSES {
                let mut passes = passes.lock();
                changed.wait_while(&mut passes, |passes| *passes == 0);
                *passes -= 1;
            }
        });
        for _ in 0..PASSES {
            *passes.lock() += 1;
            changed.notify_one();
        }
    });
    assert_eq!(*passes.lock(), 0);
}

#[test]
fn waiters_may_come_with_different_mutexes() {
    let (mutexes, condvar) = ([Mutex::new(false), Mutex::new(false)], Condvar::new());
    thread::scope(|scope| {
        for mutex in &mutexes {
            let condvar = &condvar;
            scope.spawn(move || condvar.wait_while(&mut mutex.lock(), |is_done| !*is_done));
        }
        mutexes.iter().for_each(|mutex| *mutex.lock() = true);
        condvar.notify_all();
    });
}
