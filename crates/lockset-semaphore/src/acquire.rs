//! One request, from asking to being granted: what threads and tasks alike wait on.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::queue::{Afterwards, Ticket, Turn};
use crate::{AcquireError, Permit, Semaphore};

/// The future of [`Semaphore::acquire_async`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Acquire<'a> {
    semaphore: &'a Semaphore,
    wants: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Not polled yet.
    New,
    /// In the queue, or granted and not picked up yet.
    Queued(Ticket),
    /// Answered.
    Done,
}

impl<'a> Acquire<'a> {
    pub(crate) const fn new(semaphore: &'a Semaphore, wants: usize) -> Self {
        Self { semaphore, wants, stage: Stage::New }
    }
}

impl<'a> Future for Acquire<'a> {
    type Output = Result<Permit<'a>, AcquireError>;

    /// # Panics
    ///
    /// When polled again after it was ready, as futures may.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let semaphore = self.semaphore;
        // Cloned and dropped outside the lock: both are somebody else's code.
        let waker = context.waker().clone();
        let mut afterwards = Afterwards::default();
        let mut queue = semaphore.queue().lock();
        let turn = match self.stage {
            Stage::New => match semaphore.check(&queue, self.wants) {
                Err(error) => {
                    self.stage = Stage::Done;
                    return Poll::Ready(Err(error));
                }
                Ok(()) if queue.take(self.wants) => Turn::Granted,
                Ok(()) => {
                    self.stage = Stage::Queued(queue.join(self.wants, waker));
                    Turn::Waiting
                }
            },
            Stage::Queued(ticket) => {
                let (turn, then) = queue.look(ticket, waker);
                afterwards = then;
                turn
            }
            Stage::Done => panic!("`Acquire` was polled again after it was ready"),
        };
        drop(queue);
        afterwards.run();
        let answer = match turn {
            Turn::Waiting => return Poll::Pending,
            Turn::Granted => Ok(semaphore.permit(self.wants)),
            Turn::Closed => Err(AcquireError::Closed),
        };
        self.stage = Stage::Done;
        Poll::Ready(answer)
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if let Stage::Queued(ticket) = self.stage {
            let afterwards = self.semaphore.queue().lock().leave(ticket);
            afterwards.run();
        }
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("wants", &self.wants).field("stage", &self.stage).finish()
    }
}
