//! Wakers are somebody else's code, and may panic: when they are called, and when they are dropped.
//! Nobody loses anything by that, whatever is done with the future afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

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

/// A waker whose clones panic when they are dropped.
fn whose_clones_panic() -> Waker {
    const NONE: *const () = std::ptr::null();
    static ORIGINAL: RawWakerVTable = RawWakerVTable::new(clone, nothing, nothing, nothing);
    static CLONE: RawWakerVTable = RawWakerVTable::new(clone, nothing, nothing, panic);
    fn clone(_: *const ()) -> RawWaker {
        RawWaker::new(NONE, &CLONE)
    }
    fn nothing(_: *const ()) {}
    fn panic(_: *const ()) {
        panic!("a waker that panics in the end");
    }
    // SAFETY: the functions use no pointer, and may be called from anywhere.
    unsafe { Waker::new(NONE, &ORIGINAL) }
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
        for index in order {
            count += u32::from(panics(|| waiters[index] = None));
        }
        assert_eq!(count, 1, "one panics, once, and nothing else does");
        assert_whole(&semaphore, 2);
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        case::<Fifo>(order);
        case::<Bounded>(order);
        case::<Barging>(order);
    }
}

/// The first is dropped by its own waker, with its permit: while the second, whose permit is there,
/// has not been served yet. Its turn comes by that, and its waker panics.
#[test]
fn a_waker_that_panics_when_another_gives_up() {
    type Owned<P> = Pin<Box<Acquire<Arc<SemaphoreWith<P>>>>>;
    struct Drops<P: Policy>(Mutex<Option<Owned<P>>>);
    impl<P: Policy> Wake for Drops<P> {
        fn wake(self: Arc<Self>) {
            let first = self.0.lock().unwrap().take();
            drop(first);
        }
    }
    fn case<P: Policy>() {
        let semaphore = Arc::new(SemaphoreWith::<P>::new(2));
        let held = semaphore.acquire(2).unwrap();
        let mut first = Box::pin(semaphore.acquire_owned_async(1));
        let drops = Arc::new(Drops(Mutex::new(None)));
        let waker = Waker::from(Arc::clone(&drops));
        assert!(poll(&mut first.as_mut(), &waker).is_pending());
        *drops.0.lock().unwrap() = Some(first);
        let mut second = pin!(semaphore.acquire_async(1));
        assert!(poll(&mut second, &that_panics()).is_pending());
        assert!(panics(|| drop(held)));
        assert!(poll(&mut second, Waker::noop()).is_ready());
        assert_whole(&semaphore, 2);
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
        assert!(panics(|| poll(&mut small, &whose_clones_panic())));
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
