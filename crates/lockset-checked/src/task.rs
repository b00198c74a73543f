//! A task that has a held set of its own.

use core::fmt;
use core::pin::Pin;
use core::task::{Context as Wakes, Poll};
use std::panic::Location;
use std::sync::Arc;

use crate::context::Context;

/// Gives `future` a held set of its own: what it acquires is its, whichever thread polls it.
///
/// Wrap what is spawned, and each branch of a `join!` or `select!` whose branches wait for locks of
/// their own: branches of one task do not wait for each other.
///
/// ```
/// use lockset_api::{AsyncPermits, block_on};
/// use lockset_checked::{Checked, task};
/// use lockset_semaphore::Semaphore;
///
/// let slots = Checked::new(Semaphore::new(1)).permits(1);
/// block_on(task(async {
///     let _slot = slots.acquire_async(1).await.unwrap();
/// }));
/// ```
#[track_caller]
pub fn task<F: Future>(future: F) -> Task<F> {
    let context = Context::new(format!("the task made at {}", Location::caller()));
    Task { context, future: Some(Box::pin(future)) }
}

/// The future of [`task()`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Task<F> {
    context: Arc<Context>,
    /// `None` once it is ready. In a box, so that it can be dropped early without unsafe code.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for Task<F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// When polled again after it was ready, as futures may.
    fn poll(mut self: Pin<&mut Self>, wakes: &mut Wakes<'_>) -> Poll<F::Output> {
        let Self { context, future } = &mut *self;
        context.enter(|| {
            let running = future.as_mut().expect("a task is not polled after it was ready");
            let polled = running.as_mut().poll(wakes);
            if polled.is_ready() {
                *future = None;
            }
            polled
        })
    }
}

impl<F> Drop for Task<F> {
    /// What a cancelled task held, it gives back itself.
    fn drop(&mut self) {
        let future = self.future.take();
        self.context.enter(|| drop(future));
    }
}

impl<F> fmt::Debug for Task<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.context.label()).finish()
    }
}
