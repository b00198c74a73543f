//! One wait of stage 6: a future, whether a task waits by it or a thread.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;

use lockset_api::Deadline;

use super::Wakers;
use crate::ladder::{Held, kernel};
use crate::sync::{Parker, Waited};

/// The future of [`Wakers::acquire_async`](crate::ladder::AsyncSemaphore::acquire_async).
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Acquire<'a> {
    semaphore: &'a Wakers,
    wants: u32,
    progress: Progress,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Progress {
    /// Not polled yet.
    New,
    /// In the queue by this ticket, or granted meanwhile.
    Queued(u64),
    /// Answered.
    Done,
}

impl<'a> Acquire<'a> {
    pub(super) const fn new(semaphore: &'a Wakers, wants: u32) -> Self {
        Self { semaphore, wants, progress: Progress::New }
    }
}

impl<'a> Future for Acquire<'a> {
    type Output = Held<'a, Wakers>;

    /// # Panics
    ///
    /// When polled again after it was ready, as futures may.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (semaphore, wants) = (self.semaphore, self.wants);
        assert!(!matches!(self.progress, Progress::Done), "polled again after it was ready");
        let waker = context.waker().clone();
        let (progress, _spare) = semaphore.state.lock().advance(self.progress, wants, waker);
        self.progress = progress;
        match progress {
            Progress::Done => Poll::Ready(Held::new(semaphore, wants)),
            _ => Poll::Pending,
        }
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if let Progress::Queued(ticket) = self.progress {
            self.semaphore.leave(self.wants, ticket);
        }
    }
}

/// Wakes a thread that waits as if it were a task.
struct Unpark(Parker);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        kernel::unpark(&self.0);
    }
}

/// Polls whenever this thread was woken; `None` if `deadline` passed first.
pub(super) fn block_until(
    mut acquire: Acquire<'_>,
    deadline: Deadline,
) -> Option<Held<'_, Wakers>> {
    let unpark = Arc::new(Unpark(Parker::new()));
    let waker = Waker::from(Arc::clone(&unpark));
    loop {
        let polled = Pin::new(&mut acquire).poll(&mut Context::from_waker(&waker));
        if let Poll::Ready(held) = polled {
            return Some(held);
        }
        if kernel::park(&unpark.0, deadline.instant()) == Waited::TimedOut {
            // Dropped, the future gives up.
            return None;
        }
    }
}
