//! Wakers are somebody else's code, and may panic: when they are called, and when they are dropped.
//! Nobody loses anything by that, whatever is done with the future afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use lockset_api::Deadline;
use lockset_semaphore::{
    Acquire, AcquireError, Barging, Bounded, Fifo, Handle, Permit, Policy, SemaphoreWith,
};

fn poll<S: Handle>(
    acquire: &mut Pin<&mut Acquire<S>>,
    waker: &Waker,
) -> Poll<Result<Permit<S>, AcquireError>> {
    acquire.as_mut().poll(&mut Context::from_waker(waker))
}

fn panics<T>(work: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(work)).is_err()
}

/// Panics when it is woken.
fn that_panics() -> Waker {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    Waker::from(Arc::new(Panics))
}

/// Panics when the last of it is dropped, unless something else does.
fn that_panics_in_the_end() -> Waker {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(thread::panicking(), "a waker that panics in the end");
        }
    }
    Waker::from(Arc::new(Panics))
}

/// Everything is back, and nobody is left.
fn assert_whole<P: Policy>(semaphore: &SemaphoreWith<P>, permits: usize) {
    let counts = (semaphore.available(), semaphore.in_use(), semaphore.waiting());
    assert_eq!(counts, (permits, 0, 0));
    assert_eq!(semaphore.acquire(permits).unwrap().count(), permits);
}

/// The second of three panics when it is served or called; and all of them are dropped then, in
/// every order.
#[test]
fn a_waker_that_panics_when_it_is_its_turn() {
    fn case<P: Policy>(order: [usize; 3]) {
        let semaphore = SemaphoreWith::<P>::new(2);
        let held = semaphore.acquire(2).unwrap();
        let mut waiters = [(); 3].map(|()| Some(Box::pin(semaphore.acquire_async(1))));
        for (index, waiter) in waiters.iter_mut().enumerate() {
            let waker = if index == 1 { that_panics() } else { Waker::noop().clone() };
            let mut waiter = waiter.as_mut().unwrap().as_mut();
            assert!(poll(&mut waiter, &waker).is_pending());
        }
        let mut count = u32::from(panics(|| drop(held)));
        for index in [0, 2] {
            let mut waiter = waiters[index].as_mut().unwrap().as_mut();
            count += u32::from(panics(|| drop(poll(&mut waiter, Waker::noop()))));
        }
        assert!(count > 0, "the one that panics was never woken");
        for index in order {
            let _ = panics(|| waiters[index] = None);
        }
        assert_whole(&semaphore, 2);
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        case::<Fifo>(order);
        case::<Bounded>(order);
        case::<Barging>(order);
    }
}

/// One that is granted its permit gives up, and whoever is served by that panics.
#[test]
fn a_waker_that_panics_when_another_gives_up() {
    fn case<P: Policy>() {
        let semaphore = SemaphoreWith::<P>::new(1);
        let held = semaphore.acquire(1).unwrap();
        let mut second = pin!(semaphore.acquire_async(1));
        {
            let mut first = Box::pin(semaphore.acquire_async(1));
            assert!(poll(&mut first.as_mut(), Waker::noop()).is_pending());
            assert!(poll(&mut second, &that_panics()).is_pending());
            drop(held);
            assert!(panics(|| drop(first)));
        }
        assert!(poll(&mut second, Waker::noop()).is_ready());
        assert_whole(&semaphore, 1);
    }
    case::<Fifo>();
    case::<Bounded>();
    case::<Barging>();
}

/// One that need not queue, since it may pass, drops its waker with the permit taken.
#[test]
fn a_waker_that_panics_in_the_end() {
    let semaphore = SemaphoreWith::<Bounded>::new(2);
    let held = semaphore.acquire(1).unwrap();
    {
        let mut large = pin!(semaphore.acquire_async(2));
        assert!(poll(&mut large, Waker::noop()).is_pending());
        let mut small = pin!(semaphore.acquire_async(1));
        // The clone is the last: dropping it panics.
        let waker = that_panics_in_the_end();
        let waker_of_the_poll = waker.clone();
        let polled = panics(|| {
            let polled = poll(&mut small, &waker_of_the_poll);
            drop((waker, waker_of_the_poll));
            polled
        });
        assert!(polled);
    }
    drop(held);
    assert_whole(&semaphore, 2);
}

/// While one is woken, the queue is free, and the next one's permit is there: it is not a
/// newcomer's.
#[test]
fn a_newcomer_passes_nobody_who_can_be_served() {
    struct Greedy(Arc<SemaphoreWith<Bounded>>);
    impl Wake for Greedy {
        fn wake(self: Arc<Self>) {
            let now = Deadline::at(std::time::Instant::now());
            assert!(self.0.acquire_until(1, now).unwrap().is_none(), "it passed the second");
        }
    }
    let semaphore = Arc::new(SemaphoreWith::<Bounded>::new(2));
    let held = semaphore.acquire(2).unwrap();
    let mut first = pin!(semaphore.acquire_async(1));
    let mut second = pin!(semaphore.acquire_async(1));
    let greedy = Waker::from(Arc::new(Greedy(Arc::clone(&semaphore))));
    assert!(poll(&mut first, &greedy).is_pending());
    assert!(poll(&mut second, Waker::noop()).is_pending());
    drop(held);
    assert!(poll(&mut first, Waker::noop()).is_ready());
    assert!(poll(&mut second, Waker::noop()).is_ready());
}
