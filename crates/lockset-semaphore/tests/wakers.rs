//! A waker is somebody else's code: it may come back to the semaphore whenever it is woken or
//! dropped. Were it called with the queue locked, it would hang, and the suite's patience end.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use lockset_conformance::{Check, PATIENCE, run};
use lockset_semaphore::{Acquire, Semaphore};

static CALLED: AtomicU32 = AtomicU32::new(0);

/// Looks at the semaphore when it is woken, and again when it is dropped.
struct Nosy(Arc<Semaphore>);

impl Nosy {
    fn look(&self) {
        let _ = self.0.available();
        // Relaxed: a count of this thread.
        CALLED.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.look();
    }
}

fn poll(acquire: Pin<&mut Acquire<&Semaphore>>, semaphore: &Arc<Semaphore>) {
    let waker = Waker::from(Arc::new(Nosy(Arc::clone(semaphore))));
    let polled = acquire.poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Pending), "granted too early");
}

#[test]
fn wakers_may_come_back() {
    let check = Check::new("wakers_may_come_back", |()| {
        wake_and_drop();
        Ok(())
    });
    run(check, (), PATIENCE).unwrap();
}

fn wake_and_drop() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.acquire(1).unwrap();
    {
        let mut first = pin!(semaphore.acquire_async(1));
        let mut second = pin!(semaphore.acquire_async(1));
        poll(first.as_mut(), &semaphore);
        poll(second.as_mut(), &semaphore);
        // A task that moved has another waker: the first is replaced, and dropped.
        poll(second.as_mut(), &semaphore);
        // Wakes the first, and both are dropped: one granted, one waiting.
        drop(held);
    }
    let held = semaphore.acquire(1).unwrap();
    let mut third = pin!(semaphore.acquire_async(1));
    poll(third.as_mut(), &semaphore);
    semaphore.close();
    drop(held);
    // Relaxed: all of it happened on this thread.
    assert!(CALLED.load(Ordering::Relaxed) >= 6, "the wakers were not called");
}
