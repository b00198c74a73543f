//! std's mutex and std's parking.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::task::Wake;
use std::thread::{self, Thread};

use lockset_api::Deadline;

/// std's mutex without poisoning: no code that can panic runs while it is held.
#[derive(Debug)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `future` on this thread until it is ready, or drops it once `deadline` has passed.
pub(crate) fn block_until<F: Future>(future: F, deadline: Deadline) -> Option<F::Output> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        // An unpark between the poll and the park is kept by the thread, so it is never missed.
        match deadline.remaining() {
            None => thread::park(),
            Some(left) if left.is_zero() => return None,
            Some(left) => thread::park_timeout(left),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
