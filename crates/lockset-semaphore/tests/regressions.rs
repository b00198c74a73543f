//! Bugs that tokio's semaphore had and mended in 2026, each as a test of ours, by tokio's number.
//!
//! Its eight loom models had not caught the first: none of them combined `close` and `forget`.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use lockset_conformance::{Check, PATIENCE, run};
use lockset_semaphore::{Acquire, AcquireError, Handle, MAX_PERMITS, Permit, Semaphore};

fn poll<S: Handle>(
    acquire: Pin<&mut Acquire<S>>,
    waker: &Waker,
) -> Poll<Result<Permit<S>, AcquireError>> {
    acquire.poll(&mut Context::from_waker(waker))
}

/// tokio #8021: `forget_permits` wrote the count back without the bit that said closed.
#[test]
fn is_not_reopened_by_forgetting() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.acquire(2).unwrap();
    semaphore.close();
    held.forget();
    assert!(semaphore.is_closed());
    assert_eq!(semaphore.try_acquire(1).unwrap_err(), AcquireError::Closed);
    semaphore.set_limit(0).unwrap();
    semaphore.set_limit(5).unwrap();
    assert!(semaphore.is_closed(), "reopened by another limit");
    assert_eq!(semaphore.acquire(1).unwrap_err(), AcquireError::Closed);
}

/// tokio #8371: a task whose budget of polls ran out lost its place to those behind it.
#[test]
fn the_order_is_kept_however_often_a_waiter_is_polled() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire(1).unwrap();
    let mut first = pin!(semaphore.acquire_async(1));
    let mut second = pin!(semaphore.acquire_async(1));
    for _ in 0..1_000 {
        // A waker of its own each time, as a task that wanders has.
        let waker = Waker::from(Arc::new(Count::default()));
        assert!(poll(first.as_mut(), &waker).is_pending());
        assert!(poll(second.as_mut(), Waker::noop()).is_pending());
    }
    drop(held);
    assert!(poll(second.as_mut(), Waker::noop()).is_pending(), "the second was served first");
    let Poll::Ready(Ok(permit)) = poll(first.as_mut(), Waker::noop()) else {
        panic!("the first was not served");
    };
    drop(permit);
    assert!(poll(second.as_mut(), Waker::noop()).is_ready());
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        // Relaxed: a count of this thread.
        self.0.fetch_add(1, Relaxed);
    }
}

/// Closes the semaphore again, and looks at it, when it is woken.
struct Caller(Arc<Semaphore>);

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        self.0.close();
        assert!(self.0.acquire(1).is_err());
        assert_eq!(self.0.waiting(), 0);
    }
}

/// tokio #8529: `close` woke with the queue locked, and a waker that came back hung for ever.
#[test]
fn wakers_are_called_with_the_queue_free() {
    let check = Check::new("wakers_are_called_with_the_queue_free", |()| {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.acquire(1).unwrap();
        let mut waiter = pin!(semaphore.acquire_async(1));
        let waker = Waker::from(Arc::new(Caller(Arc::clone(&semaphore))));
        assert!(poll(waiter.as_mut(), &waker).is_pending());
        semaphore.close();
        assert!(matches!(poll(waiter.as_mut(), &waker), Poll::Ready(Err(AcquireError::Closed))));
        drop(held);
        Ok(())
    });
    run(check, (), PATIENCE).unwrap();
}

/// Panics when it is woken.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

/// tokio #8542: somebody else's code that panicked within a release leaked permits, and left a
/// queue that pointed to nowhere.
#[test]
fn a_waker_that_panics_loses_nobody_anything() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.acquire(2).unwrap();
    {
        let mut first = pin!(semaphore.acquire_async(1));
        let mut second = pin!(semaphore.acquire_async(1));
        let count = Arc::new(Count::default());
        assert!(poll(first.as_mut(), &Waker::from(Arc::new(Panics))).is_pending());
        assert!(poll(second.as_mut(), &Waker::from(Arc::clone(&count))).is_pending());
        let release = std::panic::AssertUnwindSafe(|| drop(held));
        assert!(std::panic::catch_unwind(release).is_err());
        // Relaxed: it was on this thread.
        assert_eq!(count.0.load(Relaxed), 1, "the one behind the one that panicked sleeps on");
        assert!(poll(first.as_mut(), Waker::noop()).is_ready());
        assert!(poll(second.as_mut(), Waker::noop()).is_ready());
    }
    assert_eq!((semaphore.available(), semaphore.waiting()), (2, 0));
}

/// tokio #8548: more permits than a semaphore can have were not refused but overflowed.
#[test]
fn more_than_the_maximum_is_refused() {
    let semaphore = Semaphore::new(MAX_PERMITS);
    for asked in [MAX_PERMITS + 1, 1 << (usize::BITS - 2), usize::MAX] {
        let error = AcquireError::TooMany { asked, limit: MAX_PERMITS };
        assert_eq!(semaphore.acquire(asked).unwrap_err(), error);
        assert_eq!(semaphore.try_acquire(asked).unwrap_err(), error);
        let mut acquire = pin!(semaphore.acquire_async(asked));
        assert!(matches!(poll(acquire.as_mut(), Waker::noop()), Poll::Ready(Err(e)) if e == error));
        assert_eq!(semaphore.set_limit(asked).unwrap_err().asked, asked);
    }
    let all = semaphore.acquire(MAX_PERMITS).unwrap();
    assert_eq!(semaphore.set_limit(0), Ok(MAX_PERMITS));
    assert_eq!((semaphore.available(), semaphore.in_use()), (0, MAX_PERMITS));
    assert_eq!(semaphore.set_limit(MAX_PERMITS), Ok(0));
    drop(all);
    assert_eq!((semaphore.available(), semaphore.in_use()), (MAX_PERMITS, 0));
}

/// tokio #8405: the count of permits was narrower than the semaphore's own.
#[test]
fn a_request_may_be_as_large_as_the_semaphore() {
    let large = u32::MAX as usize + 2;
    let semaphore = Semaphore::new(large);
    let permit = semaphore.acquire(large).unwrap();
    assert_eq!((permit.count(), semaphore.available()), (large, 0));
}
