//! Keeping a lease: renewing it, noticing its loss, giving it back.

use std::sync::Arc;
use std::time::Instant;

use lockset_api::{End, Error, Loss, Released, Term};
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until, timeout_at};

use super::terms::Terms;
use crate::store::{LeaseStore, Renewed, StoreError, Withdrawn};
use crate::{Op, Request};

/// Where the outcome of a release goes, if anybody asked for it.
pub(crate) type Outcome = oneshot::Sender<Result<Released, Error>>;

/// One lease, as the driver keeps it.
pub(crate) struct Keeper {
    pub(crate) store: Arc<dyn LeaseStore>,
    pub(crate) request: Request,
    pub(crate) terms: Terms,
    pub(crate) term: Term,
    /// Just before the request that was granted.
    pub(crate) asked: Instant,
}

impl Keeper {
    /// Runs until the holder gives the lease back, which a drop does without a word.
    pub(crate) async fn run(self, mut orders: oneshot::Receiver<Option<Outcome>>) {
        // A release must not wait for a renewal, so the renewing stops wherever it is. Should one
        // still reach the server, after the release, it finds the lease gone and does nothing.
        let order = tokio::select! {
            biased;
            order = &mut orders => order,
            never = self.renew() => match never {},
        };
        self.release(order.ok().flatten()).await;
    }

    /// Renews until there is nothing to renew, then waits to be stopped.
    async fn renew(&self) -> std::convert::Infallible {
        let mut due = self.asked + self.terms.renew_after();
        while self.terms.is_renewed_at(due, self.asked) {
            sleep_until(due.into()).await;
            if self.term.ended().is_some() {
                break;
            }
            let asked = Instant::now();
            // After the deadline an answer is of no use.
            let until = self.term.deadline().min(asked + self.terms.renewal_patience());
            match limited(until, self.store.renew(&self.request)).await {
                Ok(Renewed::Yes) => {
                    if self.term.extend(self.terms.deadline(asked)).is_err() {
                        break;
                    }
                    due = asked + self.terms.renew_after();
                }
                Ok(Renewed::Gone) => {
                    self.term.end(End::Lost(Loss::Revoked));
                    break;
                }
                // A fault on the way is no loss. A failed renewal never gives anything back.
                Err(_) => due = Instant::now() + self.terms.retry_after(),
            }
        }
        std::future::pending().await
    }

    async fn release(self, outcome: Option<Outcome>) {
        let lost_before = self.term.ended();
        let until = Instant::now() + self.terms.patience();
        let freed = limited(until, self.store.release(&self.request)).await;
        let again = freed.is_err();
        let answer = match (lost_before, freed) {
            (Some(_), _) => Ok(self.term.end(End::Released)),
            (None, Ok(Withdrawn::NotHeld)) => Ok(self.term.end(End::Lost(Loss::Revoked))),
            // Whatever the clock here says by now: the server says that it was ours until then.
            (None, Ok(Withdrawn::Freed)) => {
                self.term.end(End::Released);
                Ok(End::Released)
            }
            (None, Err(error)) => {
                self.term.end(End::Released);
                let error = error.explain(&*self.store, "give the lock back");
                Err(error.with_lock(&self.request.name))
            }
        };
        let answer = answer.map(|end| match end {
            End::Lost(loss) => Released::AlreadyLost(loss),
            _ => Released::InTime,
        });
        if let Some(outcome) = outcome {
            drop(outcome.send(answer));
        }
        if again {
            withdraw(&*self.store, &self.request, self.terms).await;
        }
    }
}

/// Undoes a request, trying again until its lease has certainly run out on the server.
pub(crate) async fn withdraw(store: &dyn LeaseStore, request: &Request, terms: Terms) {
    let until = Instant::now() + terms.ttl * 2;
    while Instant::now() < until {
        let soon = Instant::now() + terms.patience();
        if limited(soon, store.release(request)).await.is_ok() {
            return;
        }
        sleep(terms.retry_after()).await;
    }
}

/// An exchange that nobody waits for beyond `until`.
pub(crate) async fn limited<T>(until: Instant, op: Op<'_, T>) -> Result<T, StoreError> {
    match timeout_at(until.into(), op).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(StoreError::interrupted(elapsed)),
    }
}
