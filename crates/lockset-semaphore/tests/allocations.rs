//! Nothing here asks for memory: not an acquire that is ready at once, nor one that waits, as a
//! thread or as a task.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;

use lockset_semaphore::{Barging, Fifo, Policy, SemaphoreWith};

thread_local! {
    /// What this thread has asked for.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: it is the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    // SAFETY: the caller keeps the promises of `GlobalAlloc`, and they are the system's.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no locals any more, and is not counted.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: as above.
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_in(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations_in(|| drop(Box::new(1))), 1);
}

#[test]
fn an_acquire_that_is_ready_allocates_nothing() {
    let semaphore = SemaphoreWith::<Fifo>::new(2);
    let mut context = Context::from_waker(Waker::noop());
    let count = allocations_in(|| {
        drop(semaphore.acquire(1).unwrap());
        drop(semaphore.try_acquire(2).unwrap());
        assert!(pin!(semaphore.acquire_async(1)).poll(&mut context).is_ready());
    });
    assert_eq!(count, 0);
}

#[test]
fn a_task_that_waits_allocates_nothing() {
    let semaphore = SemaphoreWith::<Fifo>::new(1);
    let mut context = Context::from_waker(Waker::noop());
    let count = allocations_in(|| {
        let held = semaphore.acquire(1).unwrap();
        let mut first = pin!(semaphore.acquire_async(1));
        let mut second = pin!(semaphore.acquire_async(1));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(held);
        let Poll::Ready(Ok(permit)) = first.poll(&mut context) else { panic!("it is its turn") };
        drop(permit);
        assert!(second.poll(&mut context).is_ready());
    });
    assert_eq!(count, 0);
}

/// The first wait of a process asks the system how many processors there are. It is this one, as
/// threads that take turns by chance need not wait at all.
fn wait_once() {
    let semaphore = SemaphoreWith::<Fifo>::new(1);
    let held = semaphore.acquire(1).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| drop(semaphore.acquire(1).unwrap()));
        while semaphore.waiting() == 0 {
            thread::yield_now();
        }
        drop(held);
    });
}

#[test]
fn threads_that_wait_allocate_nothing() {
    fn case<P: Policy>() -> u64 {
        let semaphore = SemaphoreWith::<P>::new(1);
        let start = Barrier::new(4);
        let work = || {
            start.wait();
            allocations_in(|| (0..5_000).for_each(|_| drop(semaphore.acquire(1).unwrap())))
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        })
    }
    wait_once();
    assert_eq!((case::<Fifo>(), case::<Barging>()), (0, 0));
}
