//! From a request to a lease, or to nothing, with nothing left behind.

use core::fmt;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Error, ErrorKind, Name};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use super::driver::driver;
use super::keeper::{limited, withdraw};
use super::lease::RemoteLease;
use super::terms::Terms;
use crate::Request;
use crate::store::{Attempt, LeaseStore, StoreError};

type Answer = Result<Option<RemoteLease>, Error>;

/// A wait for a lease, as a future: `Ok(None)` if it was not granted in time.
///
/// It starts at once, not at the first poll, and needs no runtime. Cancel-safe: dropping it ends
/// the wait, and whatever was, or still comes to be, granted to it is given back.
#[must_use = "dropping the future gives up the wait"]
pub struct Acquire(State);

enum State {
    Waiting(oneshot::Receiver<Answer>),
    /// Not even started.
    Failed(Option<Error>),
}

/// How long a waiter waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// One attempt.
    Try,
    Until(Deadline),
}

impl Acquire {
    /// Starts an acquisition on the driver.
    pub(crate) fn start(
        store: &Arc<dyn LeaseStore>,
        name: &Name,
        terms: Terms,
        patience: Patience,
    ) -> Self {
        let started = Request::new(name.clone(), terms.ttl).and_then(|request| {
            let (reply, answer) = oneshot::channel();
            let task =
                Task { store: Arc::clone(store), request, terms, patience, began: Instant::now() };
            driver()?.spawn(task.run(reply));
            Ok(answer)
        });
        Self(match started {
            Ok(answer) => State::Waiting(answer),
            Err(error) => State::Failed(Some(error.with_lock(name))),
        })
    }
}

impl Future for Acquire {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        match &mut self.0 {
            State::Waiting(answer) => Pin::new(answer).poll(context).map(|answer| {
                // The sender answers before it goes, unless the driver's thread has died.
                answer.unwrap_or_else(|_| Err(Error::new(ErrorKind::Other, "the driver is gone")))
            }),
            State::Failed(error) => {
                Poll::Ready(Err(error.take().expect("`Acquire` was polled again after its error")))
            }
        }
    }
}

impl fmt::Debug for Acquire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").finish_non_exhaustive()
    }
}

/// One acquisition, as the driver runs it.
struct Task {
    store: Arc<dyn LeaseStore>,
    request: Request,
    terms: Terms,
    patience: Patience,
    began: Instant,
}

type Reply = oneshot::Sender<Answer>;

impl Task {
    async fn run(self, mut reply: Reply) {
        for round in 1.. {
            let asked = Instant::now();
            let Some((back, attempt)) = self.attempt(reply, asked).await else { return };
            reply = back;
            let held = match attempt {
                Ok(Attempt::Granted(fence)) => {
                    let lease =
                        RemoteLease::start(self.store, self.request, self.terms, fence, asked);
                    // If nobody takes it, the lease comes back in the error and is dropped, which
                    // releases it.
                    drop(reply.send(Ok(Some(lease))));
                    return;
                }
                Ok(Attempt::Busy { .. }) if matches!(self.patience, Patience::Try) => {
                    drop(reply.send(Ok(None)));
                    return;
                }
                Ok(Attempt::Busy { held }) => held,
                Err(error) => return self.fail(reply, error).await,
            };
            let Some((back, news)) = self.wait(reply, round, held).await else { return };
            reply = back;
            if let Err(error) = news {
                return self.fail(reply, error).await;
            }
        }
    }

    /// One attempt; `None` if the caller has given up meanwhile. It has its answer at once then,
    /// and the attempt is seen through and undone after that.
    async fn attempt(
        &self,
        mut reply: Reply,
        asked: Instant,
    ) -> Option<(Reply, Result<Attempt, StoreError>)> {
        // A grant that comes after its own deadline is worth nothing, so nobody waits for it.
        let until = self.terms.deadline(asked).min(asked + self.terms.patience());
        let mut attempt = pin!(limited(until, self.store.attempt(&self.request)));
        tokio::select! {
            biased;
            answer = &mut attempt => return Some((reply, answer)),
            () = self.given_up(&mut reply) => {}
        }
        drop(reply.send(Ok(None)));
        let _ = attempt.await;
        withdraw(&*self.store, &self.request, self.terms).await;
        None
    }

    /// Waits for news; `None` if the caller has given up meanwhile. There is nothing to undo then:
    /// an attempt that found the lock busy has left nothing behind.
    async fn wait(
        &self,
        mut reply: Reply,
        round: u32,
        held: Duration,
    ) -> Option<(Reply, Result<(), StoreError>)> {
        tokio::select! {
            biased;
            () = self.given_up(&mut reply) => {}
            news = self.store.wait(&self.request, round, held) => return Some((reply, news)),
        }
        drop(reply.send(Ok(None)));
        None
    }

    /// Resolves when the caller has gone or its deadline has passed.
    async fn given_up(&self, reply: &mut Reply) {
        let Patience::Until(deadline) = self.patience else { return reply.closed().await };
        let Some(instant) = deadline.instant() else { return reply.closed().await };
        tokio::select! {
            () = reply.closed() => {}
            () = sleep_until(instant.into()) => {}
        }
    }

    async fn fail(&self, reply: Reply, error: StoreError) {
        let undo = error.may_have_acted();
        let error = error
            .explain(&*self.store, "take the lock")
            .with_lock(&self.request.name)
            .with_waited(self.began.elapsed());
        drop(reply.send(Err(error)));
        if undo {
            withdraw(&*self.store, &self.request, self.terms).await;
        }
    }
}
