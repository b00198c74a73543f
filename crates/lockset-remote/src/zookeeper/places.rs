//! What each request has in the lines of the locks, as far as it is known here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;
use tokio::time::sleep_until;

use super::fault::failed;
use super::leaving::Leaving;
use super::line::{Ahead, Node, in_order};
use super::session::Session;
use crate::RequestId;
use crate::store::{Renewed, StoreError, Withdrawn};

/// The requests that may have a node, from before it is made until it is known to be gone.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<RequestId, Place>>);

/// What a request has.
#[derive(Clone)]
pub(super) enum Place {
    /// A node may have been made: no answer has come.
    Doubtful(Where),
    Waits(Standing),
    Holds(Standing, Term),
    /// What it had is being removed.
    Leaves(Where, Leaving),
}

/// In whose line, and on which session.
#[derive(Clone)]
pub(super) struct Where {
    pub(super) session: Arc<Session>,
    /// The path of the lock.
    pub(super) lock: String,
}

/// A node, and who stands before it.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) at: Where,
    pub(super) node: Node,
    /// The number of the transaction that made it: the fence.
    pub(super) zxid: u64,
    pub(super) ahead: Ahead,
    /// An instant before the last time that the servers agreed that it is there.
    pub(super) confirmed: Instant,
}

/// Until when a holder's node stays if it is not renewed, and what removes it then.
#[derive(Clone)]
pub(super) struct Term {
    until: Instant,
    end: AbortHandle,
}

impl Where {
    pub(super) fn path(&self, node: &str) -> String {
        format!("{}/{node}", self.lock)
    }
}

impl Standing {
    /// The path of its node.
    pub(super) fn path(&self) -> String {
        self.at.path(&self.node.name)
    }

    /// Whether the lock is its request's, as far as is known of those before it.
    pub(super) fn is_its_turn(&self) -> bool {
        self.ahead.leave_turn_to(&self.node)
    }
}

impl Place {
    pub(super) fn at(&self) -> &Where {
        match self {
            Self::Doubtful(at) | Self::Leaves(at, _) => at,
            Self::Waits(standing) | Self::Holds(standing, _) => &standing.at,
        }
    }
}

impl Places {
    /// What a request has; nothing if its session is over, and with it the node.
    pub(super) fn of(&self, id: RequestId) -> Option<Place> {
        living(&mut self.places(), id).cloned()
    }

    /// Whether anything has been known of it, up to now.
    pub(super) fn knows(&self, id: RequestId) -> bool {
        self.places().contains_key(&id)
    }

    pub(super) fn put(&self, id: RequestId, place: Place) {
        let mut places = self.places();
        remove(&mut places, id);
        places.insert(id, place);
    }

    /// There is no node any more.
    pub(super) fn forget(&self, id: RequestId) {
        remove(&mut self.places(), id);
    }

    /// From now on it is a holder's, for so long from `since` unless it is renewed: a session that
    /// goes on would keep it for ever.
    pub(super) fn hold(self: &Arc<Self>, standing: Standing, since: Instant, ttl: Duration) {
        let (id, until) = (standing.node.id, since + ttl);
        let mut places = self.places();
        remove(&mut places, id);
        let end = tokio::spawn(Arc::clone(self).end_in_time(id)).abort_handle();
        places.insert(id, Place::Holds(standing, Term { until, end }));
    }

    /// A holder's node stays for longer, unless it is about to go.
    pub(super) fn extend(&self, id: RequestId, until: Instant) -> Renewed {
        match self.places().get_mut(&id) {
            Some(Place::Holds(_, term)) => {
                term.until = until.max(term.until);
                Renewed::Yes
            }
            _ => Renewed::Gone,
        }
    }

    /// Removes a holder's node when its time is over.
    async fn end_in_time(self: Arc<Self>, id: RequestId) {
        loop {
            let Some(Place::Holds(_, term)) = self.of(id) else { return };
            if term.until <= now() {
                break;
            }
            sleep_until(term.until.into()).await;
        }
        self.leave(id);
    }

    /// Removes whatever the request has.
    ///
    /// It is known to be gone when this returns. That comes about as well if nobody waits for it.
    pub(super) async fn withdraw(self: &Arc<Self>, id: RequestId) -> Result<Withdrawn, StoreError> {
        match self.leave(id) {
            Some(leaving) => leaving.ended().await.map_err(failed),
            None => Ok(Withdrawn::NotHeld),
        }
    }

    /// Begins to remove whatever the request has, or finds that this is under way.
    fn leave(self: &Arc<Self>, id: RequestId) -> Option<Leaving> {
        let mut places = self.places();
        let place = living(&mut places, id)?.clone();
        if let Place::Leaves(_, leaving) = place {
            return Some(leaving);
        }
        remove(&mut places, id);
        let at = place.at().clone();
        let leaving = Leaving::begin(self, id, place);
        places.insert(id, Place::Leaves(at, leaving.clone()));
        Some(leaving)
    }

    /// What it was leaving is gone.
    pub(super) fn left(&self, id: RequestId) {
        let mut places = self.places();
        if let Some(Place::Leaves(..)) = places.get(&id) {
            places.remove(&id);
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<RequestId, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request has, unless that has gone with its session.
fn living(places: &mut HashMap<RequestId, Place>, id: RequestId) -> Option<&Place> {
    // One that leaves sees to itself.
    if !matches!(places.get(&id)?, Place::Leaves(..)) && places[&id].at().session.is_over() {
        remove(places, id);
    }
    places.get(&id)
}

fn remove(places: &mut HashMap<RequestId, Place>, id: RequestId) {
    if let Some(Place::Holds(_, term)) = places.remove(&id) {
        term.end.abort();
    }
}

/// The nodes of a request, which are one or none.
pub(super) async fn found(at: &Where, id: RequestId) -> Result<Vec<Node>, zookeeper_client::Error> {
    let names = match at.session.surely(|| at.session.line_by_now(&at.lock)).await {
        Err(zookeeper_client::Error::NoNode) => Vec::new(),
        names => names?,
    };
    let mut nodes = in_order(&names);
    nodes.retain(|node| node.id == id);
    Ok(nodes)
}

pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
