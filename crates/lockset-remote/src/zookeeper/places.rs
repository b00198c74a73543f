//! What each request has in the lines of the locks, as far as it is known here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;
use tokio::time::sleep_until;

use super::fault::failed;
use super::line::{Ahead, Node, in_order};
use super::session::Session;
use crate::RequestId;
use crate::store::{StoreError, Withdrawn};

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
    /// Whether the lock is its request's, as far as is known of those before it.
    pub(super) fn is_its_turn(&self) -> bool {
        self.ahead.leave_turn_to(&self.node)
    }
}

impl Place {
    pub(super) fn at(&self) -> &Where {
        match self {
            Self::Doubtful(at) => at,
            Self::Waits(standing) | Self::Holds(standing, _) => &standing.at,
        }
    }
}

impl Places {
    /// What a request has; nothing if its session is over, and with it the node.
    pub(super) fn of(&self, id: RequestId) -> Option<Place> {
        let mut places = self.places();
        let place = places.get(&id)?;
        if place.at().session.is_over() {
            remove(&mut places, id);
            return None;
        }
        Some(place.clone())
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

    /// A holder's node stays for longer.
    pub(super) fn extend(&self, id: RequestId, until: Instant) {
        if let Some(Place::Holds(_, term)) = self.places().get_mut(&id) {
            term.until = until.max(term.until);
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
        // What can fail here is over with the session, or tried again by whoever asks for it.
        drop(self.withdraw(id).await);
    }

    /// Removes whatever the request has.
    ///
    /// It is known to be gone when this returns, or nothing is forgotten.
    pub(super) async fn withdraw(&self, id: RequestId) -> Result<Withdrawn, StoreError> {
        let Some(place) = self.of(id) else { return Ok(Withdrawn::NotHeld) };
        let at = place.at();
        let removed = match &place {
            Place::Doubtful(at) => remove_all_of(at, id).await,
            Place::Waits(standing) => at.session.remove(&at.path(&standing.node.name)).await,
            Place::Holds(standing, _) => at.session.remove(&at.path(&standing.node.name)).await,
        };
        match removed {
            Ok(removed) => {
                self.forget(id);
                let held = matches!(place, Place::Holds(..));
                Ok(if held { removed } else { Withdrawn::NotHeld })
            }
            Err(_) if at.session.is_over() => {
                self.forget(id);
                Ok(Withdrawn::NotHeld)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<RequestId, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove(places: &mut HashMap<RequestId, Place>, id: RequestId) {
    if let Some(Place::Holds(_, term)) = places.remove(&id) {
        term.end.abort();
    }
}

/// Finds by its id what a request may have made, and removes it.
async fn remove_all_of(at: &Where, id: RequestId) -> Result<Withdrawn, zookeeper_client::Error> {
    for node in found(at, id).await? {
        at.session.remove(&at.path(&node.name)).await?;
    }
    Ok(Withdrawn::NotHeld)
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
