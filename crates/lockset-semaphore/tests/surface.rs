//! What users build on without calling it: sizes, and what may be sent where.

use std::sync::Arc;

use lockset_semaphore::{Acquire, Barging, Bounded, Permit, Semaphore, SemaphoreWith};

fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn everything_goes_to_other_threads() {
    is_send_and_sync::<Semaphore>();
    is_send_and_sync::<SemaphoreWith<Barging>>();
    is_send_and_sync::<SemaphoreWith<Bounded<3>>>();
    is_send_and_sync::<Permit<&'static Semaphore>>();
    is_send_and_sync::<Permit<Arc<Semaphore>>>();
    is_send_and_sync::<Acquire<&'static Semaphore>>();
    is_send_and_sync::<Acquire<Arc<Semaphore>>>();
}

/// A static needs no lazy cell, and a future can be held in a struct: both have names.
#[test]
fn it_is_made_at_compile_time() {
    static PERMITS: Semaphore = Semaphore::new(2);
    struct Call {
        permit: Acquire<&'static Semaphore>,
    }
    let call = Call { permit: PERMITS.acquire_async(1) };
    assert_eq!(format!("{:?}", call.permit), "Acquire { wants: 1, .. }");
}

/// With std's futex mutex of the queue. What this says is nothing to rely on, but to notice.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn it_is_small() {
    assert_eq!(size_of::<Semaphore>(), 72);
    assert!(size_of::<Acquire<&Semaphore>>() <= 96, "{}", size_of::<Acquire<&Semaphore>>());
}
