//! From a request to a lease, or to nothing, with nothing left behind.

use core::fmt;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Error};
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until};

use super::claim::{Port, answered};
use super::driver::{Driver, now};
use super::keeper::Held;
use super::lease::RemoteLease;
use super::observe;
use super::terms::Terms;
use super::withdraw::{limited, withdraw};
use super::work::{BoxedWork, Outcome, Work, answer};
use crate::Request;
use crate::store::{Attempt, StoreError, Wake};

type Answer = Result<Option<RemoteLease>, Error>;

/// A wait for a lease, as a future: `Ok(None)` if it was not granted in time.
///
/// It starts at once, not at the first poll, and needs no runtime. Cancel-safe: dropping it ends
/// the wait, and whatever was, or still comes to be, granted to it is given back.
#[must_use = "dropping the future gives up the wait"]
pub struct Acquire(State);

enum State {
    Waiting(Outcome<Answer>),
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

impl From<Deadline> for Patience {
    fn from(deadline: Deadline) -> Self {
        if deadline.has_passed() { Self::Try } else { Self::Until(deadline) }
    }
}

impl Patience {
    /// What is left of it, as a server is told.
    fn left(self) -> Duration {
        match self {
            Self::Try => Duration::ZERO,
            Self::Until(deadline) => deadline
                .instant()
                .map_or(Duration::MAX, |instant| instant.saturating_duration_since(now())),
        }
    }
}

impl Acquire {
    /// Starts an acquisition on the driver.
    pub(crate) fn start(
        port: &Port,
        request: Result<Request, Error>,
        terms: Terms,
        patience: Patience,
    ) -> Self {
        Self::with(port, request, terms, patience, |driver, work| {
            driver.handle()?.spawn(work);
            Ok(Work::DONE)
        })
    }

    /// The same, but it need not start before it is polled.
    pub(crate) fn lazily(
        port: &Port,
        request: Result<Request, Error>,
        terms: Terms,
        patience: Patience,
    ) -> Self {
        Self::with(port, request, terms, patience, |driver, work| driver.start(work))
    }

    fn with(
        port: &Port,
        request: Result<Request, Error>,
        terms: Terms,
        patience: Patience,
        start: impl FnOnce(&Driver, BoxedWork) -> Result<Work, Error>,
    ) -> Self {
        let started = request.and_then(|request| {
            let (reply, answer) = answer();
            let task = Task { port: port.clone(), request, terms, patience, began: now() };
            let span = observe::Span::acquire(&*port.store, &task.request);
            let work = start(&port.driver, Box::pin(observe::waiting(span, task.run(reply))))?;
            Ok(Outcome::of(work, answer))
        });
        Self(match started {
            Ok(outcome) => State::Waiting(outcome),
            Err(error) => State::Failed(Some(error)),
        })
    }
}

impl Future for Acquire {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        match &mut self.0 {
            State::Waiting(outcome) => Pin::new(outcome).poll(context).map(answered),
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
    port: Port,
    request: Request,
    terms: Terms,
    patience: Patience,
    began: Instant,
}

type Reply = oneshot::Sender<Answer>;

impl Task {
    async fn run(mut self, mut reply: Reply) {
        // Since when the server is in trouble, if it is; only who waits already puts up with it.
        let mut trouble = None;
        // Whether anything of it may be on the server.
        let mut queued = false;
        for round in 1.. {
            let asked = now();
            let Some((back, attempt)) = self.attempt(reply, asked).await else { return };
            reply = back;
            let held = match attempt {
                Ok(Attempt::Granted(fence)) => return self.granted(reply, fence, asked).await,
                Ok(Attempt::GrantedAs(fence, id)) => {
                    self.request.id = id;
                    return self.granted(reply, fence, asked).await;
                }
                Ok(Attempt::Stranger) => {
                    let why = StoreError::refused("it does not know that it is in a quorum");
                    return self.fail(reply, why, queued).await;
                }
                Ok(Attempt::Busy { .. }) if matches!(self.patience, Patience::Try) => {
                    return self.refuse(reply);
                }
                Ok(Attempt::Busy { held }) => held,
                Ok(Attempt::Queued { held }) => {
                    queued = true;
                    held
                }
                Err(error) => {
                    queued |= error.may_have_acted();
                    let since = *trouble.get_or_insert(asked);
                    if round == 1 || since + self.terms.patience() < now() {
                        return self.fail(reply, error, queued).await;
                    }
                    let Some(back) = self.pause(reply).await else { return };
                    reply = back;
                    continue;
                }
            };
            trouble = None;
            let Some((back, news)) = self.wait(reply, round, held, queued).await else { return };
            reply = back;
            match news {
                Ok(Wake::Retry) => {}
                Ok(Wake::Granted(grant)) => {
                    self.request.id = grant.held_as.unwrap_or(self.request.id);
                    if self.terms.deadline(grant.since) > now() {
                        return self.grant(reply, grant.fence, grant.since);
                    }
                    // It came too late to be of use. What is left of it must not be in the way.
                    let Some(back) = self.undo(reply).await else { return };
                    reply = back;
                }
                Err(error) => return self.fail(reply, error, queued).await,
            }
        }
    }

    /// One attempt; `None` if the caller has given up meanwhile: the attempt is seen through and
    /// undone after that.
    async fn attempt(
        &self,
        reply: Reply,
        asked: Instant,
    ) -> Option<(Reply, Result<Attempt, StoreError>)> {
        // A grant that comes after its own deadline is worth nothing, so nobody waits for it.
        let until = self.terms.deadline(asked).min(asked + self.terms.patience());
        let attempt = self.port.store.attempt(&self.request, self.patience.left());
        let mut attempt = pin!(limited(until, attempt));
        if let Some(answer) = self.unless_given_up(reply, &mut attempt).await {
            return Some(answer);
        }
        let id = match attempt.await {
            Ok(Attempt::GrantedAs(_, id)) => id,
            _ => self.request.id,
        };
        let request = Request { id, ..self.request.clone() };
        withdraw(&*self.port.store, &request, self.terms).await;
        None
    }

    /// Waits for news; `None` if the caller has given up meanwhile. What the attempts left behind
    /// is undone.
    async fn wait(
        &self,
        reply: Reply,
        round: u32,
        held: Duration,
        queued: bool,
    ) -> Option<(Reply, Result<Wake, StoreError>)> {
        let news = self.port.store.wait(&self.request, round, held);
        let news = self.unless_given_up(reply, news).await;
        if news.is_none() && queued {
            self.withdraw().await;
        }
        news
    }

    /// Waits until it is worth trying again; `None` if the caller has given up meanwhile.
    async fn pause(&self, reply: Reply) -> Option<Reply> {
        let waited = self.unless_given_up(reply, sleep(self.terms.retry_after())).await;
        if waited.is_none() {
            self.withdraw().await;
        }
        waited.map(|(reply, ())| reply)
    }

    /// Withdraws, to go on after that; `None` if the caller has given up meanwhile.
    async fn undo(&self, reply: Reply) -> Option<Reply> {
        let mut withdrawn = pin!(self.withdraw());
        let undone = self.unless_given_up(reply, &mut withdrawn).await;
        if undone.is_none() {
            withdrawn.await;
        }
        undone.map(|(reply, ())| reply)
    }

    /// What `work` comes to; `None` if the caller gives up before, who has its answer then.
    async fn unless_given_up<T>(
        &self,
        mut reply: Reply,
        work: impl Future<Output = T>,
    ) -> Option<(Reply, T)> {
        tokio::select! {
            biased;
            done = work => return Some((reply, done)),
            () = self.given_up(&mut reply) => {}
        }
        self.refuse(reply);
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

    /// A grant in answer to an attempt. One that is over by now, since this process was held up, is
    /// worth nothing.
    async fn granted(self, reply: Reply, fence: lockset_api::Fence, asked: Instant) {
        if self.terms.deadline(asked) > now() {
            return self.grant(reply, fence, asked);
        }
        let late = StoreError::interrupted("the answer came when the lease was over");
        self.fail(reply, late, true).await;
    }

    fn grant(self, reply: Reply, fence: lockset_api::Fence, since: Instant) {
        observe::acquired(&*self.port.store, &self.request, "granted", self.began);
        let lease = Held::start(self.port, self.request, self.terms, fence, since);
        let lease = RemoteLease::of(lease);
        // If nobody takes it, the lease comes back in the error and is dropped, which releases it.
        drop(reply.send(Ok(Some(lease))));
    }

    fn refuse(&self, reply: Reply) {
        observe::acquired(&*self.port.store, &self.request, "refused", self.began);
        drop(reply.send(Ok(None)));
    }

    async fn fail(&self, reply: Reply, error: StoreError, queued: bool) {
        observe::acquired(&*self.port.store, &self.request, "failed", self.began);
        // A refusal may come from the middle of what the server did.
        let undo = queued || !error.is_unreachable();
        let error = error
            .explain(&*self.port.store, "take the lock")
            .with_lock(self.request.display_names())
            .with_waited(now() - self.began);
        drop(reply.send(Err(error)));
        if undo {
            self.withdraw().await;
        }
    }

    async fn withdraw(&self) {
        withdraw(&*self.port.store, &self.request, self.terms).await;
    }
}
