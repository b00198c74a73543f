//! Keeping a lease: renewing it, noticing its loss, giving it back.

use std::time::Instant;

use lockset_api::{End, Error, ErrorKind, Fence, Loss, Released, Term};
use tokio::time::sleep_until;

use super::claim::Port;
use super::driver::now;
use super::observe;
use super::terms::Terms;
use super::withdraw::{limited, withdraw};
use crate::Request;
use crate::store::{Renewed, StoreError, Withdrawn};

/// One lease, as its holder and the driver share it.
pub(crate) struct Held {
    pub(crate) port: Port,
    pub(crate) request: Request,
    pub(crate) terms: Terms,
    pub(crate) term: Term,
    pub(crate) fence: Fence,
    /// Just before the request that was granted.
    pub(crate) since: Instant,
}

impl Held {
    /// Renews while there is something to renew, and ends the term when its time is over.
    ///
    /// It is stopped wherever it is when the lease is given back: a release must not wait for a
    /// renewal. Should one still reach the server after the release, it finds the lease gone and
    /// does nothing.
    pub(crate) async fn keep(&self) {
        let mut due = self.since + self.terms.renew_after();
        while self.terms.is_renewed_at(due, self.since) {
            // Whoever watches is told at the deadline, not at the next try.
            sleep_until(due.min(self.term.deadline()).into()).await;
            if self.term.ended().is_some() {
                return;
            }
            let asked = now();
            // After the deadline an answer is of no use.
            let until = self.term.deadline().min(asked + self.terms.renewal_patience());
            due = match self.renew_once(until).await {
                Ok(Renewed::Yes) => asked + self.terms.renew_after(),
                Ok(Renewed::Gone) => return,
                // A fault on the way is no loss. A failed renewal never gives anything back.
                Err(_) => now() + self.terms.retry_after(),
            }
        }
        // Another may still extend it by hand.
        while self.term.ended().is_none() {
            sleep_until(self.term.deadline().into()).await;
        }
    }

    /// One renewal, and what it means for the term.
    async fn renew_once(&self, until: Instant) -> Result<Renewed, StoreError> {
        let asked = now();
        let answer = limited(until, self.port.store.renew(&self.request)).await;
        observe::renewed(&*self.port.store, &self.request, asked, &answer);
        match answer {
            Ok(Renewed::Yes) if self.term.extend(self.terms.deadline(asked)).is_err() => {
                Ok(Renewed::Gone)
            }
            Ok(Renewed::Gone) => {
                self.term.end(End::Lost(Loss::Revoked));
                Ok(Renewed::Gone)
            }
            answer => answer,
        }
    }

    /// A renewal that somebody asked for.
    pub(crate) async fn renew(&self) -> Result<(), Error> {
        match self.renew_once(now() + self.terms.patience()).await {
            Ok(Renewed::Yes) => Ok(()),
            Ok(_) => {
                let why = "the lease was lost before it was renewed";
                Err(Error::new(ErrorKind::Lost, why).with_lock(self.request.display_names()))
            }
            Err(error) => Err(self.explain(error, "renew the lease")),
        }
    }

    /// Gives the lock back, and reports it to `told` as soon as it is known how that went.
    pub(crate) async fn release(&self, told: impl FnOnce(Result<Released, Error>)) {
        let lost_before = self.term.ended();
        let until = now() + self.terms.patience();
        let freed = limited(until, self.port.store.release(&self.request)).await;
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
                Err(self.explain(error, "give the lock back"))
            }
        };
        observe::ended(&*self.port.store, &self.request, self.since, self.term.ended());
        told(answer.map(|end| match end {
            End::Lost(loss) => Released::AlreadyLost(loss),
            _ => Released::InTime,
        }));
        if again {
            withdraw(&*self.port.store, &self.request, self.terms).await;
        }
    }

    fn explain(&self, error: StoreError, doing: &str) -> Error {
        error.explain(&*self.port.store, doing).with_lock(self.request.display_names())
    }
}
