//! Work for leases that is done by whoever awaits it, and what it comes to.

use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::oneshot::error::{RecvError, TryRecvError};
use tokio::sync::oneshot::{self, Receiver};
use tokio::task::unconstrained;

/// Work that is done where it is awaited, which saves two wake-ups, and that the driver takes over
/// if it is not awaited to its end: what has been started is always seen through.
pub(crate) struct Work(Option<(Handle, BoxedWork)>);

pub(crate) type BoxedWork = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Work {
    /// Nothing is left to be done here.
    pub(crate) const DONE: Self = Self(None);

    /// Work that takes the timers, and in the end the threads, of this runtime.
    pub(crate) fn of(driver: &Handle, work: BoxedWork) -> Self {
        Self(Some((driver.clone(), work)))
    }

    /// Goes on with it, for as far as that is possible now.
    fn go_on(&mut self, context: &mut Context<'_>) {
        if let Some((handle, work)) = &mut self.0 {
            // Its timers are the runtime's, whoever's thread this is.
            let entered = handle.enter();
            let done = work.as_mut().poll(context) == Poll::Ready(());
            drop(entered);
            if done {
                self.0 = None;
            }
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some((handle, work)) = self.0.take() {
            handle.spawn(work);
        }
    }
}

/// What work comes to, for whoever awaits it and perhaps does it.
pub(crate) struct Outcome<T> {
    /// Dropped first, so that work which goes on finds that nobody waits.
    answer: Answer<T>,
    work: Work,
}

impl<T> Outcome<T> {
    /// The answer that comes of this work.
    pub(crate) const fn of(work: Work, answer: Answer<T>) -> Self {
        Self { answer, work }
    }
}

impl<T> Future for Outcome<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.work.go_on(context);
        if self.work.0.is_some() {
            // The work wakes this task when it can go on, and answers nowhere else. If the answer
            // woke the task as well, it would be woken once more for each.
            return match self.answer.0.try_recv() {
                Ok(answer) => Poll::Ready(Ok(answer)),
                Err(TryRecvError::Empty) => Poll::Pending,
                Err(TryRecvError::Closed) => Pin::new(&mut self.answer).poll(context),
            };
        }
        Pin::new(&mut self.answer).poll(context)
    }
}

/// An answer of the driver's, for whoever waits for it, and for the one who is to give it.
pub(crate) fn answer<T>() -> (oneshot::Sender<T>, Answer<T>) {
    let (reply, answer) = oneshot::channel();
    (reply, Answer(answer))
}

/// An answer of the driver's.
///
/// A receiver of tokio's may hold an answer back so that the task which polls it gives way to
/// others. A thread that waits has nobody to give way to, so here every answer comes when it is
/// asked for.
#[derive(Debug)]
pub(crate) struct Answer<T>(Receiver<T>);

impl<T> Future for Answer<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        pin!(unconstrained(&mut self.0)).poll(context)
    }
}
