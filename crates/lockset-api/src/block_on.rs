//! Running one future on the calling thread.

use core::task::{Context, Poll, Waker};
use std::pin::pin;
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};

/// Blocks the calling thread until `future` is ready: the way from an async lock to a blocking one.
///
/// It needs no runtime, and inside one it blocks the thread that it is called on, as any blocking
/// call does. A future that only the same runtime can bring on is waited for in vain there; so is
/// one of tokio's own once the task that blocks has used up its turn, unless it is wrapped in
/// `tokio::task::unconstrained`.
///
/// ```
/// assert_eq!(lockset_api::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        // An unpark between the poll and the park is kept by the thread, so it is never missed.
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
