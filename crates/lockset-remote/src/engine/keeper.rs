//! Keeping a lease: renewing it, noticing its loss, giving it back.

use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use lockset_api::{End, Error, ErrorKind, Fence, Loss, Released, Term};

use super::claim::Port;
use super::driver::now;
use super::observe;
use super::renewer::Due;
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
    since: Instant,
    keeping: Mutex<Keeping>,
    _span: observe::Span,
}

/// What tells the holder of a lease that it has lost it.
///
/// It keeps nothing alive: where the lease is not held any more, nobody is told.
pub struct LossNotice(Weak<Held>);

impl LossNotice {
    /// Tells it, if the lease was not given back before.
    pub fn tell(self) {
        if let Some(held) = self.0.upgrade()
            && !held.is_settled()
        {
            held.term.end(End::Lost(Loss::Revoked));
        }
    }
}

impl fmt::Debug for LossNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossNotice").finish_non_exhaustive()
    }
}

enum Keeping {
    /// Nothing has been arranged yet.
    New,
    /// It is renewed, or seen to otherwise, when this is due.
    Due(Due),
    /// It was given back, or put into a ticket.
    Settled,
}

impl Held {
    /// Starts to keep what was granted to `request` after `since`. Runs on the driver.
    pub(crate) fn start(
        port: Port,
        request: Request,
        terms: Terms,
        fence: Fence,
        since: Instant,
    ) -> Arc<Self> {
        let term = Term::until_by(now, terms.deadline(since));
        let keeping = Mutex::new(Keeping::New);
        let _span = observe::Span::lease(&*port.store, &request, fence);
        let held = Arc::new(Self { port, request, terms, term, fence, since, keeping, _span });
        held.keep_until(since + terms.renew_after());
        held.port.store.watch(&held.request, LossNotice(Arc::downgrade(&held)));
        held
    }

    /// Has the lease seen to at `due`, or at its deadline if that is earlier or it is not renewed.
    fn keep_until(self: &Arc<Self>, due: Instant) {
        let deadline = self.term.deadline();
        let is_renewed = self.terms.is_renewed_at(due, self.since);
        let at = if is_renewed { due.min(deadline) } else { deadline };
        let mut keeping = self.keeping();
        if !matches!(*keeping, Keeping::Settled) {
            *keeping = Keeping::Due(self.port.renewer.add(Arc::clone(self), at));
        }
    }

    /// Nothing is done any more to keep it.
    pub(crate) fn settle(&self) {
        let before = core::mem::replace(&mut *self.keeping(), Keeping::Settled);
        if let Keeping::Due(due) = before {
            self.port.renewer.remove(due);
        }
    }

    /// What is due: a renewal, or the end.
    pub(crate) async fn see_to(self: Arc<Self>) {
        // Whoever watches is told at the deadline, not at the next try.
        if self.is_settled() || self.term.ended().is_some() {
            return;
        }
        let asked = now();
        if !self.terms.is_renewed_at(asked, self.since) {
            // It has been renewed by hand, or would have ended.
            return self.keep_until(asked);
        }
        // After the deadline an answer is of no use.
        let until = self.term.deadline().min(asked + self.terms.renewal_patience());
        match self.renew_once(until).await {
            Ok(Renewed::Yes) => self.keep_until(asked + self.terms.renew_after()),
            // A fault on the way is no loss. A failed renewal never gives anything back.
            Err(_) => self.keep_until(now() + self.terms.retry_after()),
            Ok(Renewed::Gone) => {}
        }
    }

    pub(crate) fn is_settled(&self) -> bool {
        matches!(*self.keeping(), Keeping::Settled)
    }

    fn keeping(&self) -> MutexGuard<'_, Keeping> {
        self.keeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One renewal, and what it means for the term.
    async fn renew_once(&self, until: Instant) -> Result<Renewed, StoreError> {
        let asked = now();
        let answer = limited(until, self.port.store.renew(&self.request)).await;
        observe::renewed(&*self.port.store, &self.request, asked, &answer);
        match answer {
            // A release is under way, and may be why.
            Ok(_) if self.is_settled() => Ok(Renewed::Gone),
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
