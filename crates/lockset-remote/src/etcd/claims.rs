//! What this process has asked for: which key of which session, and whether it is all over with.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use super::line::Line;
use super::session::Session;
use crate::engine::now;
use crate::store::StoreError;
use crate::{Request, RequestId};

/// The requests that may have a key on the server, by their ids: each is here before its key is
/// sent, and until the key is known to be gone.
#[derive(Default)]
pub(super) struct Claims(Mutex<State>);

#[derive(Default)]
struct State {
    claims: HashMap<RequestId, Claim>,
    /// The sessions that are being looked after.
    kept: HashSet<i64>,
}

#[derive(Clone)]
pub(super) struct Claim {
    pub(super) session: Arc<Session>,
    pub(super) key: String,
    /// When it was first asked for, by the wall's clock: for people to read.
    pub(super) began: SystemTime,
    /// When its key was created, in the store's count.
    pub(super) revision: Option<i64>,
    /// Whether an attempt may still be on its way, and come to be done at any time.
    pub(super) in_doubt: bool,
    /// Those before it, while it waits.
    line: Option<Line>,
    life: Life,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Whoever holds it counts on it until then at most, and may be stuck after that.
    Until(Instant),
    /// Somebody waits for it.
    Waits,
    /// Its time is over, and its key is being removed.
    Ends,
}

/// Whether somebody has to begin to look after the session of a claim.
#[derive(PartialEq, Eq)]
pub(super) enum Care {
    Begin,
    Given,
}

/// Somebody waits, as long as this lives.
pub(super) struct Wait<'a>(&'a Claims, RequestId);

impl Claims {
    /// An attempt is about to be made.
    pub(super) fn attempt(
        &self,
        request: &Request,
        session: &Arc<Session>,
    ) -> Result<(Claim, Care), StoreError> {
        let state = &mut *self.lock();
        let claim = state.claims.entry(request.id).or_insert_with(|| Claim {
            session: Arc::clone(session),
            key: super::key::of(request),
            began: SystemTime::now(),
            revision: None,
            in_doubt: false,
            line: None,
            life: Life::Waits,
        });
        if claim.life == Life::Ends {
            let why = "the request's time was over, and what is left of it is being removed";
            return Err(StoreError::unreachable(why));
        }
        claim.session = Arc::clone(session);
        claim.life = Life::Until(now() + request.ttl);
        let before = claim.clone();
        claim.in_doubt = true;
        let is_new = state.kept.insert(session.id);
        Ok((before, if is_new { Care::Begin } else { Care::Given }))
    }

    /// An attempt was answered: the key was created at this revision, and these are before it.
    pub(super) fn answered(
        &self,
        id: RequestId,
        revision: i64,
        line: Option<Line>,
        in_doubt: bool,
    ) {
        if let Some(claim) = self.lock().claims.get_mut(&id) {
            claim.revision = Some(revision);
            claim.line = line;
            claim.in_doubt = in_doubt;
        }
    }

    /// The key lasts for another TTL.
    pub(super) fn renewed(&self, id: RequestId, until: Instant) {
        if let Some(claim) = self.lock().claims.get_mut(&id)
            && claim.life != Life::Ends
        {
            claim.life = Life::Until(until);
        }
    }

    /// What is known of a request; nothing if it has never been asked for here, or is over with.
    pub(super) fn of(&self, id: RequestId) -> Option<Claim> {
        self.lock().claims.get(&id).cloned()
    }

    /// What a waiter waits for, if it is in line.
    pub(super) fn wait(&self, id: RequestId) -> Option<(Claim, Line, i64, Wait<'_>)> {
        let mut state = self.lock();
        let claim = state.claims.get_mut(&id).filter(|claim| claim.life != Life::Ends)?;
        let (line, revision) = (claim.line.take()?, claim.revision?);
        claim.life = Life::Waits;
        Some((claim.clone(), line, revision, Wait(self, id)))
    }

    /// Nothing is left of it on the server.
    pub(super) fn forget(&self, id: RequestId) {
        self.lock().claims.remove(&id);
    }

    /// Those of a session whose time is over, which nobody can renew any more from here on.
    pub(super) fn end_those_that_are_due(&self, session: &Arc<Session>) -> Vec<(RequestId, Claim)> {
        let now = now();
        let mut state = self.lock();
        let of_session =
            state.claims.iter_mut().filter(|(_, claim)| Arc::ptr_eq(&claim.session, session));
        let due = of_session.filter(|(_, claim)| match claim.life {
            Life::Until(end) => end <= now,
            Life::Waits => false,
            Life::Ends => true,
        });
        let ended = due.map(|(id, claim)| {
            claim.life = Life::Ends;
            (*id, claim.clone())
        });
        ended.collect()
    }

    /// Whether anybody holds or waits for anything of a session.
    pub(super) fn is_needed(&self, session: &Arc<Session>) -> bool {
        let state = self.lock();
        state.claims.values().any(|claim| claim.is_alive_in(session))
    }

    /// When the next of a session is due; `later` if it is not before that. If the session has no
    /// more, it is not looked after any more.
    pub(super) fn next_due(&self, session: &Arc<Session>, later: Instant) -> Option<Instant> {
        let state = &mut *self.lock();
        if !state.claims.values().any(|claim| claim.is_alive_in(session)) && session.give_up() {
            // What could not be removed ends with it.
            state.claims.retain(|_, claim| !Arc::ptr_eq(&claim.session, session));
        }
        let of_session = state.claims.values().filter(|claim| Arc::ptr_eq(&claim.session, session));
        let dues = of_session.map(|claim| match claim.life {
            Life::Until(end) => end.min(later),
            Life::Waits | Life::Ends => later,
        });
        let next = dues.min();
        if next.is_none() {
            state.kept.remove(&session.id);
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    fn is_alive_in(&self, session: &Arc<Session>) -> bool {
        self.life != Life::Ends && Arc::ptr_eq(&self.session, session)
    }

    /// Whether nothing can keep its key any more.
    pub(super) fn is_over(&self) -> bool {
        self.life == Life::Ends || self.session.lost.is_set()
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // Whoever waited asks again, holds it now, or gives it back; all of these soon.
        if let Some(claim) = self.0.lock().claims.get_mut(&self.1)
            && claim.life == Life::Waits
        {
            claim.life = Life::Until(now() + claim.session.ttl);
        }
    }
}
