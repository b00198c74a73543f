//! Every stage of the ladder on real threads: what all have in common, and what the later ones add.
//!
//! What their documentation counts is counted in `examples/ladder.rs`, which is a test as well.

use std::future::poll_fn;
use std::panic;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, block_on};
use lockset_semaphore::for_each_stage;
use lockset_semaphore::ladder::{
    self, AsyncSemaphore, Calls, QueuedSemaphore, RawSemaphore, TimedSemaphore, Wakers,
};

const THREADS: u32 = 8;
const ROUNDS: u32 = 50;
const PERMITS: u32 = 3;

fn no_more_are_held_than_there_are<S: RawSemaphore>() {
    let (semaphore, held) = (S::new(PERMITS), AtomicU32::new(0));
    let work = &|n| {
        for _ in 0..ROUNDS {
            let _permits = semaphore.acquire(n);
            // Relaxed: one variable, and the semaphore is what is on trial.
            let others = held.fetch_add(n, Ordering::Relaxed);
            assert!(others + n <= PERMITS, "{others} and {n} of {PERMITS} are held");
            held.fetch_sub(n, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || work(1 + thread % PERMITS));
        }
    });
    assert_eq!(semaphore.available(), PERMITS);
}

fn a_try_takes_all_or_nothing<S: RawSemaphore>() {
    let semaphore = S::new(PERMITS);
    let two = semaphore.try_acquire(2).expect("three are free");
    assert!(semaphore.try_acquire(2).is_none());
    assert_eq!((two.count(), semaphore.available()), (2, 1));
    drop(two);
    assert!(semaphore.try_acquire(PERMITS).is_some());
    assert!(semaphore.try_acquire(PERMITS + 1).is_none());
}

fn waits_until_there_are_enough<S: RawSemaphore>() {
    let (semaphore, released) = (S::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        let (started, starts) = mpsc::channel();
        let (semaphore, released) = (&semaphore, &released);
        let waiter = scope.spawn(move || {
            started.send(()).unwrap();
            let _held = semaphore.acquire(2);
            // Relaxed: that it is seen is the semaphore's promise.
            released.load(Ordering::Relaxed)
        });
        starts.recv().unwrap();
        for _ in 0..2 {
            // Relaxed: as above.
            released.fetch_add(1, Ordering::Relaxed);
            semaphore.release(1);
        }
        assert_eq!(waiter.join().unwrap(), 2);
    });
}

fn a_panic_gives_back<S: RawSemaphore>() {
    let semaphore = S::new(1);
    let caught = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        let _held = semaphore.acquire(1);
        panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(caught.is_err());
    assert_eq!(semaphore.available(), 1);
}

/// What each module says of its stage, in the row of that name.
fn row<'a>(page: &'a str, name: &str) -> &'a str {
    let row = |line: &'a str| line.strip_prefix("//! | ")?.strip_prefix(name)?.strip_prefix(" | ");
    let rows: Vec<_> = page.lines().filter_map(row).collect();
    assert_eq!(rows.len(), 1, "one row is about {name}");
    rows[0]
}

fn the_calls_are_as_documented<S: RawSemaphore>(page: &str) {
    let (semaphore, calls) = (S::new(1), Calls::of_this_thread());
    let before = calls.wakes() + calls.sleeps();
    drop(semaphore.acquire(1));
    let row = row(page, "calls to the kernel for an uncontended pair");
    let (documented, _) = row.split_at(1);
    assert_eq!(documented.parse(), Ok(calls.wakes() + calls.sleeps() - before));
}

/// Permits that come back while a large request waits: to whom do they go?
fn the_overtaking_is_as_documented<S: RawSemaphore>(page: &str) {
    let semaphore = S::new(2);
    let held = semaphore.acquire(1);
    let passed = thread::scope(|scope| {
        let (asleep, sleeps) = mpsc::channel();
        let semaphore = &semaphore;
        scope.spawn(move || {
            let calls = Calls::of_this_thread();
            assert_eq!((calls.sleeps(), calls.wakes()), (0, 0), "it is a new thread");
            asleep.send(calls).unwrap();
            drop(semaphore.acquire(2));
        });
        let large = sleeps.recv().unwrap();
        while large.sleeps() == 0 {
            thread::yield_now();
        }
        let passed = semaphore.try_acquire(1).is_some();
        drop(held);
        passed
    });
    assert_eq!(passed, row(page, "overtaking").starts_with("without bound"));
    assert_eq!(passed, !row(page, "overtaking").starts_with("none"));
}

macro_rules! test_each {
    ($($name:ident: $Stage:ident),*) => {$(
        mod $name {
            type Stage = super::ladder::$Stage;

            const PAGE: &str = include_str!(concat!("../src/ladder/", stringify!($name), ".rs"));

            #[test]
            fn no_more_are_held_than_there_are() {
                super::no_more_are_held_than_there_are::<Stage>();
            }

            #[test]
            fn a_try_takes_all_or_nothing() {
                super::a_try_takes_all_or_nothing::<Stage>();
            }

            #[test]
            fn waits_until_there_are_enough() {
                super::waits_until_there_are_enough::<Stage>();
            }

            #[test]
            fn a_panic_gives_back() {
                super::a_panic_gives_back::<Stage>();
            }

            #[test]
            fn the_calls_are_as_documented() {
                super::the_calls_are_as_documented::<Stage>(PAGE);
            }

            #[test]
            fn the_overtaking_is_as_documented() {
                super::the_overtaking_is_as_documented::<Stage>(PAGE);
            }
        }
    )*};
}

for_each_stage!(test_each);

/// Waits until so many are in the queue.
fn wait_for_waiting<S: QueuedSemaphore>(semaphore: &S, count: usize) {
    while semaphore.waiting() != count {
        thread::yield_now();
    }
}

fn the_order_is_that_of_coming<S: QueuedSemaphore>() {
    let (semaphore, order) = (S::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for n in [2, 1, 3] {
            let before = semaphore.waiting();
            let (semaphore, order) = (&semaphore, &order);
            scope.spawn(move || {
                std::mem::forget(semaphore.acquire(n));
                order.lock().unwrap().push(n);
            });
            wait_for_waiting(semaphore, before + 1);
        }
        for (served, waiting) in [(2, 2), (1, 1), (3, 0)] {
            semaphore.release(served);
            assert_eq!(semaphore.waiting(), waiting);
            while order.lock().unwrap().last() != Some(&served) {
                thread::yield_now();
            }
        }
    });
    assert_eq!(order.into_inner().unwrap(), [2, 1, 3]);
}

#[test]
fn the_queues_are_in_order() {
    the_order_is_that_of_coming::<ladder::FifoQueue>();
    the_order_is_that_of_coming::<ladder::GivingUp>();
    the_order_is_that_of_coming::<Wakers>();
}

/// The large request is in front of the small one, until its deadline.
fn who_gives_up_leaves_no_trace<S: TimedSemaphore>() {
    let semaphore = S::new(2);
    let held = semaphore.acquire(1);
    let soon = Deadline::after(Duration::from_millis(5));
    thread::scope(|scope| {
        let large = scope.spawn(|| semaphore.acquire_until(2, soon).is_none());
        let small = scope.spawn(|| semaphore.acquire(1).count());
        assert_eq!((large.join().unwrap(), small.join().unwrap()), (true, 1));
    });
    drop(held);
    assert_eq!((semaphore.available(), semaphore.waiting()), (2, 0));
}

#[test]
fn giving_up_leaves_no_trace() {
    who_gives_up_leaves_no_trace::<ladder::GivingUp>();
    who_gives_up_leaves_no_trace::<Wakers>();
}

#[test]
fn a_thread_behind_a_task_waits_for_its_turn() {
    let semaphore = Wakers::new(1);
    let held = semaphore.acquire(1);
    let mut task = pin!(semaphore.acquire_async(1));
    thread::scope(|scope| {
        block_on(poll_fn(|context| Poll::Ready(task.as_mut().poll(context).is_pending())));
        let thread = scope.spawn(|| semaphore.acquire(1).count());
        wait_for_waiting(&semaphore, 2);
        drop(held);
        assert_eq!(semaphore.waiting(), 1, "the task was first, and has the permit");
        drop(block_on(task));
        assert_eq!(thread.join().unwrap(), 1);
    });
}

#[test]
fn a_dropped_future_gives_its_permit_to_the_next() {
    let semaphore = Wakers::new(1);
    let held = semaphore.acquire(1);
    let mut dropped = Box::pin(semaphore.acquire_async(1));
    let is_pending = |future: Pin<&mut ladder::wakers::Acquire<'_>>| {
        let mut future = future;
        block_on(poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())))
    };
    assert!(is_pending(dropped.as_mut()));
    drop(held);
    assert_eq!((semaphore.available(), semaphore.waiting()), (0, 0), "it is granted");
    drop(dropped);
    assert!(semaphore.try_acquire(1).is_some());
}

#[test]
fn a_waker_may_come_back_to_the_semaphore() {
    struct ComesBack(Wakers);
    impl std::task::Wake for ComesBack {
        fn wake(self: std::sync::Arc<Self>) {
            // It would wait for itself for ever if it were called with the mutex held.
            assert_eq!(self.0.available(), 0);
            self.0.release(1);
        }
    }
    let shared = std::sync::Arc::new(ComesBack(Wakers::new(0)));
    let waker = std::task::Waker::from(std::sync::Arc::clone(&shared));
    let mut future = shared.0.acquire_async(1);
    let mut context = std::task::Context::from_waker(&waker);
    assert!(Pin::new(&mut future).poll(&mut context).is_pending());
    shared.0.release(1);
    assert_eq!(shared.0.available(), 1);
    drop(future);
    assert_eq!(shared.0.available(), 2, "what was granted to the future has come back");
}
