//! How often a semaphore asks for memory: when a permit is free, and when a task has to wait.

use std::alloc::{GlobalAlloc, Layout, System};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Waker};

use lockset_compare::semaphores::ForTasks;
use lockset_semaphore::{Fifo, SemaphoreWith};

use crate::rivals::Saa;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: it is the system's allocator, and the counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    // SAFETY: the caller keeps the promises of `GlobalAlloc`, and they are the system's.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Relaxed: a count.
        ALLOCATIONS.fetch_add(1, Relaxed);
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

pub(crate) fn report() {
    println!("Allocations of an acquire.\n");
    println!("| | the first of all | ready at once | that waits |\n|---|---|---|---|");
    print::<SemaphoreWith<Fifo>>("lockset");
    print::<tokio::sync::Semaphore>("tokio");
    print::<async_lock::Semaphore>("async-lock");
    print::<Saa>("saa");
}

fn print<S: ForTasks>(name: &str) {
    let semaphore = S::of(1);
    let mut context = Context::from_waker(Waker::noop());
    let mut acquire =
        || assert!(pin!(semaphore.section_async(async {})).poll(&mut context).is_ready());
    let first = allocations(&mut acquire);
    let ready = allocations(&mut acquire);
    let mut held = pin!(semaphore.section_async(std::future::pending::<()>()));
    assert!(held.as_mut().poll(&mut context).is_pending());
    let waiting = allocations(|| {
        assert!(pin!(semaphore.section_async(async {})).poll(&mut context).is_pending());
    });
    println!("| {name} | {first} | {ready} | {waiting} |");
}

fn allocations(work: impl FnOnce()) -> u64 {
    // Relaxed: this thread counts what it does itself.
    let before = ALLOCATIONS.load(Relaxed);
    work();
    ALLOCATIONS.load(Relaxed) - before
}
