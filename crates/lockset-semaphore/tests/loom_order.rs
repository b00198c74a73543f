//! Who may pass whom, by each policy, under the model checker.
//!
//! By hand: `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-semaphore --test
//! loom_order`.

#![cfg(lockset_loom)]

mod common;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use common::{add_times, guarded, model, model_policy, poll, require_idle, shared};
use lockset_semaphore::{Acquire, Barging, Bounded, Fifo, Policy, SemaphoreWith};

type Future<'a, P> = Pin<Box<Acquire<&'a SemaphoreWith<P>>>>;

const PENDING: Poll<Result<(), lockset_semaphore::AcquireError>> = Poll::Pending;
const GRANTED: Poll<Result<(), lockset_semaphore::AcquireError>> = Poll::Ready(Ok(()));

/// Requests for so many permits each, which are in the queue now, in this order.
fn queue<P: Policy, const N: usize>(
    semaphore: &SemaphoreWith<P>,
    requests: [usize; N],
) -> [Future<'_, P>; N] {
    let mut waiting = requests.map(|n| Box::pin(semaphore.acquire_async(n)));
    waiting.iter_mut().for_each(|acquire| assert_eq!(poll(acquire), PENDING));
    assert_eq!(semaphore.waiting(), N);
    waiting
}

/// Holds the permit; if the other one waits by then, gives the permit back, and tries to be faster
/// than that one: as one that tries, and as one that would wait.
fn nobody_overtakes_a_waiter_that_fits<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let held = guarded.semaphore.acquire(1).unwrap();
        let other = add_times(&guarded, 1);
        loom::thread::yield_now();
        let is_owed = guarded.semaphore.waiting() > 0;
        drop(held);
        if let Some(_permit) = guarded.semaphore.try_acquire(1).unwrap() {
            assert!(!is_owed || guarded.number() == 1, "a waiter was overtaken");
        }
        let mut newcomer = Box::pin(guarded.semaphore.acquire_async(1));
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(permit) = newcomer.as_mut().poll(&mut context) {
            assert!(!is_owed || guarded.number() == 1, "a waiter was overtaken");
            drop(permit);
        }
        drop(newcomer);
        other.join().unwrap();
        require_idle(&guarded.semaphore, 1);
    });
}

/// Woken, comes back as a newcomer, and says whether that was granted what it wants.
struct Newcomer<P: Policy> {
    semaphore: Arc<SemaphoreWith<P>>,
    granted: AtomicUsize,
}

impl<P: Policy> Wake for Newcomer<P> {
    fn wake(self: Arc<Self>) {
        let mut newcomer = Box::pin(self.semaphore.acquire_async(1));
        // Relaxed: on this thread only, as the model has no other.
        self.granted.fetch_add(usize::from(poll(&mut newcomer).is_ready()), Relaxed);
    }
}

/// Two permits come back for two who wait. While the first is woken, the second has not been served
/// yet; but what it wants is there, so nobody passes it.
fn nobody_comes_between_two_who_are_served<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire(2).unwrap();
        let newcomer = Newcomer { semaphore: Arc::clone(&semaphore), granted: AtomicUsize::new(0) };
        let newcomer = Arc::new(newcomer);
        let waker = Waker::from(Arc::clone(&newcomer));
        let mut first = Box::pin(semaphore.acquire_async(1));
        assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let mut second = Box::pin(semaphore.acquire_async(1));
        assert_eq!(poll(&mut second), PENDING);
        drop(held);
        // Relaxed: as above.
        assert_eq!(newcomer.granted.load(Relaxed), 0, "a waiter was passed");
        assert_eq!(semaphore.available(), 0);
        assert_eq!((poll(&mut first), poll(&mut second)), (GRANTED, GRANTED));
        require_idle(&semaphore, 2);
    });
}

/// Waiters are served in the order in which they came, and nobody passes them.
fn the_queue_is_first_come_first_served<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire(2).unwrap();
        let mut waiting = queue(&semaphore, [2, 1, 1]);
        drop(held);
        // Two are free, and owed to the first, who has not picked them up yet.
        assert!(semaphore.try_acquire(1).unwrap().is_none(), "a newcomer passed the queue");
        assert_eq!(semaphore.waiting(), 2);
        assert_eq!(waiting.each_mut().map(poll), [GRANTED, GRANTED, GRANTED]);
        // Each was served by the one before it, whose permits were dropped with its answer.
        require_idle(&semaphore, 2);
        let held = semaphore.acquire(2).unwrap();
        let [first, second, third] = &mut queue(&semaphore, [2, 1, 1]);
        drop(held);
        assert_eq!((poll(second), poll(third)), (PENDING, PENDING));
        assert_eq!((poll(first), poll(third), poll(second)), (GRANTED, GRANTED, GRANTED));
    });
}

/// One permit is free, but the first in the queue wants two: nobody else is given it.
#[test]
fn a_large_request_is_not_passed_by_small_ones() {
    model(None, || {
        let semaphore = shared::<Fifo>(2);
        let held = semaphore.acquire(1).unwrap();
        let [large] = queue(&semaphore, [2]);
        assert!(semaphore.try_acquire(1).unwrap().is_none(), "a small request passed a large one");
        let [mut small] = queue_behind(&semaphore, [1]);
        assert_eq!(poll(&mut small), PENDING);
        // Once it has gone, the permit is there for others.
        drop(large);
        assert_eq!(poll(&mut small), GRANTED);
        assert!(semaphore.try_acquire(1).unwrap().is_some());
        drop(held);
    });
}

/// As [`queue`], of a queue that has others in it.
fn queue_behind<P: Policy, const N: usize>(
    semaphore: &SemaphoreWith<P>,
    requests: [usize; N],
) -> [Future<'_, P>; N] {
    let mut waiting = requests.map(|n| Box::pin(semaphore.acquire_async(n)));
    waiting.iter_mut().for_each(|acquire| assert_eq!(poll(acquire), PENDING));
    waiting
}

/// The large request lets one small one pass, a newcomer, and no second one.
#[test]
fn a_bounded_request_is_passed_by_a_newcomer_once() {
    model(None, || {
        let semaphore = shared::<Bounded<1>>(2);
        let held = semaphore.acquire(1).unwrap();
        let [mut large] = queue(&semaphore, [2]);
        let passed = semaphore.acquire(1).unwrap();
        let [mut second] = queue_behind(&semaphore, [1]);
        drop(passed);
        assert_eq!((semaphore.available(), semaphore.waiting()), (1, 2));
        assert_eq!(poll(&mut second), PENDING);
        drop(held);
        assert_eq!((poll(&mut second), poll(&mut large)), (PENDING, GRANTED));
        assert_eq!(poll(&mut second), GRANTED);
        require_idle(&semaphore, 2);
    });
}

/// The same of those who are in the queue behind it.
#[test]
fn a_bounded_request_is_passed_by_those_behind_it_once() {
    model(None, || {
        let semaphore = shared::<Bounded<1>>(2);
        let mut held = semaphore.acquire(2).unwrap();
        let [mut large, mut second, mut third] = queue(&semaphore, [2, 1, 1]);
        drop(held.split(1));
        assert_eq!((semaphore.available(), semaphore.waiting()), (0, 2));
        // Its permit is back at once.
        assert_eq!(poll(&mut second), GRANTED);
        assert_eq!(poll(&mut third), PENDING);
        assert_eq!((semaphore.available(), semaphore.waiting()), (1, 2));
        drop(held);
        assert_eq!((poll(&mut third), poll(&mut large)), (PENDING, GRANTED));
        assert_eq!(poll(&mut third), GRANTED);
        require_idle(&semaphore, 2);
    });
}

/// Only so many places behind the first are looked at, and each first counts anew.
#[test]
fn a_bounded_request_is_passed_from_the_places_behind_it_only() {
    model(None, || {
        let semaphore = shared::<Bounded<2>>(4);
        let mut held = semaphore.acquire(4).unwrap();
        let [first, mut second, third, mut fourth, mut fifth] = queue(&semaphore, [4, 3, 2, 1, 1]);
        drop(held.split(1));
        assert_eq!(poll(&mut fourth), PENDING);
        // One place nearer, it is seen; and passes the first for the first time.
        drop(third);
        assert_eq!(poll(&mut fourth), GRANTED);
        // The fifth went with the same permit, and that was the second time.
        assert_eq!(poll(&mut fifth), GRANTED);
        assert_eq!(semaphore.waiting(), 2);
        let [mut late] = queue_behind(&semaphore, [1]);
        assert_eq!(poll(&mut late), PENDING);
        // With the first gone, it passes the second.
        drop(first);
        assert_eq!(poll(&mut late), GRANTED);
        drop(held);
        assert_eq!(poll(&mut second), GRANTED);
        require_idle(&semaphore, 4);
    });
}

/// How often a task has been woken.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        // Relaxed: on this thread only, as the model has no other.
        self.0.fetch_add(1, Relaxed);
    }
}

/// Polls with a waker that counts.
fn poll_counted<P: Policy>(acquire: &mut Future<'_, P>, count: &Arc<Count>) -> bool {
    let waker = Waker::from(Arc::clone(count));
    acquire.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
}

fn counts<const N: usize>() -> [Arc<Count>; N] {
    [(); N].map(|()| Arc::new(Count(AtomicUsize::new(0))))
}

fn woken<const N: usize>(counts: &[Arc<Count>; N]) -> [usize; N] {
    // Relaxed: as above.
    counts.each_ref().map(|count| count.0.load(Relaxed))
}

/// Called, the first finds its permit taken by a newcomer, and is called again.
#[test]
fn a_barging_waiter_is_called_until_it_is_the_quickest() {
    model(None, || {
        let semaphore = shared::<Barging>(1);
        let held = semaphore.acquire(1).unwrap();
        let [mut first] = queue(&semaphore, [1]);
        let counts @ [count] = &counts();
        assert!(!poll_counted(&mut first, count));
        drop(held);
        assert_eq!((woken(counts), semaphore.available()), ([1], 1));
        let newcomer = semaphore.try_acquire(1).unwrap().expect("nobody is in its way");
        assert!(!poll_counted(&mut first, count));
        assert_eq!((woken(counts), semaphore.waiting()), ([1], 1));
        drop(newcomer);
        assert_eq!(woken(counts), [2]);
        // A second return does not call anybody who is awake.
        drop(semaphore.acquire(1).unwrap());
        assert_eq!(woken(counts), [2]);
        assert!(poll_counted(&mut first, count));
        require_idle(&semaphore, 1);
    });
}

/// Two permits come back for two who wait: the first is called, and calls the second.
#[test]
fn one_barging_waiter_is_called_at_a_time() {
    model(None, || {
        let semaphore = shared::<Barging>(3);
        let held = semaphore.acquire(2).unwrap();
        let other = semaphore.acquire(1).unwrap();
        let mut waiting = [(); 2].map(|()| Box::pin(semaphore.acquire_async(1)));
        let counts = counts::<2>();
        for (acquire, count) in waiting.iter_mut().zip(&counts) {
            assert!(!poll_counted(acquire, count));
        }
        drop(held);
        assert_eq!(woken(&counts), [1, 0]);
        drop(other);
        assert_eq!((woken(&counts), semaphore.available()), ([1, 0], 3));
        assert!(poll_counted(&mut waiting[0], &counts[0]));
        assert_eq!(woken(&counts), [1, 1]);
        assert!(poll_counted(&mut waiting[1], &counts[1]));
        require_idle(&semaphore, 3);
    });
}

/// The first is called, and what it wants is gone; while it is awake, nobody else is called for
/// what is left, whoever tends to the queue.
#[test]
fn nobody_is_called_while_another_is() {
    model(None, || {
        let semaphore = shared::<Barging>(2);
        let held = semaphore.acquire(2).unwrap();
        let mut waiting = [2, 1].map(|n| Box::pin(semaphore.acquire_async(n)));
        let counts = counts::<2>();
        for (acquire, count) in waiting.iter_mut().zip(&counts) {
            assert!(!poll_counted(acquire, count));
        }
        drop(held);
        let newcomer = semaphore.acquire(1).expect("newcomers pass");
        semaphore.set_limit(2).unwrap();
        assert_eq!(woken(&counts), [1, 0]);
        // Back to sleep: now it is the other's turn.
        assert!(!poll_counted(&mut waiting[0], &counts[0]));
        assert_eq!(woken(&counts), [1, 1]);
        assert!(poll_counted(&mut waiting[1], &counts[1]));
        drop(newcomer);
        assert!(poll_counted(&mut waiting[0], &counts[0]));
        require_idle(&semaphore, 2);
    });
}

/// Called, and then gone; called, and then sent away by a lower limit.
#[test]
fn a_call_is_passed_on() {
    model(None, || {
        let semaphore = shared::<Barging>(2);
        let held = semaphore.acquire(2).unwrap();
        let mut waiting = [2, 2, 1].map(|n| Some(Box::pin(semaphore.acquire_async(n))));
        let counts = counts::<3>();
        for (acquire, count) in waiting.iter_mut().flatten().zip(&counts) {
            assert!(!poll_counted(acquire, count));
        }
        drop(held);
        assert_eq!(woken(&counts), [1, 0, 0]);
        waiting[0] = None;
        assert_eq!(woken(&counts), [1, 1, 0]);
        semaphore.set_limit(1).unwrap();
        assert_eq!(woken(&counts), [1, 1, 1]);
        let [_, Some(second), Some(third)] = &mut waiting else { unreachable!("only one left") };
        assert!(matches!(poll(second), Poll::Ready(Err(_))));
        assert_eq!(poll(third), GRANTED);
        require_idle(&semaphore, 1);
    });
}

/// Newcomers find it open; of those in the queue, the first one that fits is called.
#[test]
fn a_barging_queue_calls_the_first_that_fits() {
    model(None, || {
        let semaphore = shared::<Barging>(2);
        let mut held = semaphore.acquire(2).unwrap();
        let [mut large, mut small, mut last] = queue(&semaphore, [2, 1, 1]);
        drop(held.split(1));
        drop(semaphore.acquire(1).expect("newcomers pass"));
        assert_eq!((poll(&mut large), poll(&mut last)), (PENDING, PENDING));
        assert_eq!(poll(&mut small), GRANTED);
        // Its permit is back, and the last is called with it; the large one is, once that is done.
        drop(held);
        assert_eq!((poll(&mut large), poll(&mut last)), (PENDING, GRANTED));
        assert_eq!(poll(&mut large), GRANTED);
        require_idle(&semaphore, 2);
    });
}

/// Seventeen are looked at, so that nobody walks a long queue with its lock held.
#[test]
fn a_barging_queue_is_looked_at_from_its_front() {
    model(None, || {
        let semaphore = shared::<Barging>(2);
        let mut held = semaphore.acquire(2).unwrap();
        let mut large: Vec<_> = queue(&semaphore, [2; 17]).into();
        let [mut small] = queue_behind(&semaphore, [1]);
        drop(held.split(1));
        assert_eq!(poll(&mut small), PENDING);
        drop(large.pop());
        assert_eq!(poll(&mut small), GRANTED);
        drop(large);
        drop(held);
        require_idle(&semaphore, 2);
    });
}

model_policy!(
    fifo: Fifo,
    nobody_overtakes_a_waiter_that_fits(Some(3)),
    nobody_comes_between_two_who_are_served(None),
    the_queue_is_first_come_first_served(None),
);
model_policy!(
    bounded: Bounded<1>,
    nobody_overtakes_a_waiter_that_fits(Some(3)),
    nobody_comes_between_two_who_are_served(None),
    the_queue_is_first_come_first_served(None),
);
