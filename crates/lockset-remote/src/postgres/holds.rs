//! Which request has which session, and the sessions that nobody has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::Row;

use super::session::Session;
use crate::{RequestId, StoreError};

/// What a request has come to.
pub(super) enum Hold {
    /// It waits; what the server answers is for whoever takes it out.
    Waiting(Arc<Session>, Option<Waiting>),
    /// It has the lock.
    Held(Arc<Session>),
}

/// An answer that is still to come.
pub(super) struct Waiting {
    /// An instant before which the server has not begun to count.
    pub(super) since: Instant,
    pub(super) answer: Answer,
}

pub(super) type Answer =
    core::pin::Pin<Box<dyn Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + Send>>;

impl Hold {
    pub(super) fn session(&self) -> &Arc<Session> {
        let (Self::Waiting(session, _) | Self::Held(session)) = self;
        session
    }
}

/// The sessions of a store.
#[derive(Default)]
pub(super) struct Holds(Mutex<State>);

#[derive(Default)]
struct State {
    holds: HashMap<RequestId, Hold>,
    /// Those in which nothing is held or under way, the one that was used last at the end.
    idle: Vec<(Arc<Session>, Instant)>,
}

/// So many sessions are kept that nobody has: more than one program holds or awaits at once, most
/// often. Each costs the server a process.
const MOST_IDLE: usize = 16;

impl Holds {
    pub(super) fn insert(&self, id: RequestId, hold: Hold) {
        let before = self.state().holds.insert(id, hold);
        drop(before);
    }

    pub(super) fn remove(&self, id: RequestId) -> Option<Hold> {
        self.state().holds.remove(&id)
    }

    /// The session of a request that has the lock.
    pub(super) fn held(&self, id: RequestId) -> Option<Arc<Session>> {
        match self.state().holds.get(&id) {
            Some(Hold::Held(session)) => Some(Arc::clone(session)),
            _ => None,
        }
    }

    /// The session of a request that waits, and the answer that it waits for, if nobody has it.
    pub(super) fn waiting(&self, id: RequestId) -> Option<(Arc<Session>, Waiting)> {
        match self.state().holds.get_mut(&id) {
            Some(Hold::Waiting(session, waiting)) => Some((Arc::clone(session), waiting.take()?)),
            _ => None,
        }
    }

    /// A session in which nothing is held, that was of use not longer ago than this.
    pub(super) fn take_idle(&self, age: Duration) -> Option<Arc<Session>> {
        let mut state = self.state();
        let mut ended = Vec::new();
        let found = loop {
            let Some((session, since)) = state.idle.pop() else { break None };
            if !session.has_ended() && since.elapsed() < age {
                break Some(session);
            }
            ended.push(session);
        };
        drop(state);
        found
    }

    /// Keeps a session, in which nothing is held and nothing under way, for the next one.
    pub(super) fn keep(&self, session: Arc<Session>) {
        session.unwatch();
        let mut state = self.state();
        // One that the server has ended is never asked for again where they come and go.
        let (ended, idle) = core::mem::take(&mut state.idle)
            .into_iter()
            .partition::<Vec<_>, _>(|(session, _)| session.has_ended());
        state.idle = idle;
        if state.idle.len() < MOST_IDLE && !session.has_ended() {
            state.idle.push((session, Instant::now()));
        }
        drop(state);
        drop(ended);
    }

    /// Lets go of requests whose sessions have ended, and that nobody may ever ask about again: of
    /// tickets that nobody used.
    pub(super) fn forget_ended(&self) {
        let mut state = self.state();
        let ended: Vec<_> = state.holds.extract_if(|_, hold| hold.session().has_ended()).collect();
        drop(state);
        drop(ended);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of a wait that came to nothing.
pub(super) fn ended() -> StoreError {
    StoreError::interrupted("the session has ended")
}
