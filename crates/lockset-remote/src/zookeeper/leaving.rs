//! Giving up a place, whether somebody waits for the end of that or not.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::sleep;
use zookeeper_client::Error;

use super::places::{Place, Places, found};
use crate::RequestId;
use crate::pauses::Pauses;
use crate::store::Withdrawn;

/// The removal of a request's node that is under way, as those see it who wait for its end.
#[derive(Clone)]
pub(super) struct Leaving(watch::Receiver<Option<Outcome>>);

/// What has come of it; it goes on after an error.
type Outcome = Result<Withdrawn, Error>;

impl Leaving {
    /// Begins to remove what a request has in a line.
    ///
    /// That goes on until it is gone, or its session is over and all that was on it, however long
    /// the connection is broken and whoever stops waiting: a node that is left on a session which
    /// lives is in everybody's way.
    pub(super) fn begin(places: &Arc<Places>, id: RequestId, place: Place) -> Self {
        let (told, outcome) = watch::channel(None);
        tokio::spawn(remove(Arc::clone(places), id, place, told));
        Self(outcome)
    }

    /// Waits until it is done, or the server says why not.
    pub(super) async fn ended(mut self) -> Outcome {
        match self.0.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            // What ran it has ended, and the session with it.
            _ => Err(Error::ClientClosed),
        }
    }
}

/// Between tries that the server refuses: somebody may change what it allows.
const REFUSED: Pauses = Pauses { longest: core::time::Duration::from_secs(1), ..Pauses::COMMON };

async fn remove(
    places: Arc<Places>,
    id: RequestId,
    place: Place,
    told: watch::Sender<Option<Outcome>>,
) {
    for round in 1.. {
        let outcome = match remove_all(&place, id).await {
            Err(_) if place.at().session.is_over() => Ok(Withdrawn::NotHeld),
            outcome => outcome,
        };
        let is_done = outcome.is_ok();
        if is_done {
            places.left(id);
        }
        told.send_replace(Some(outcome));
        if is_done {
            return;
        }
        sleep(REFUSED.pause(round)).await;
    }
}

/// Only a holder had the lock.
async fn remove_all(place: &Place, id: RequestId) -> Outcome {
    let session = &place.at().session;
    match place {
        Place::Holds(standing, _) => session.remove(&standing.path()).await,
        Place::Waits(standing) => {
            session.remove(&standing.path()).await.map(|_| Withdrawn::NotHeld)
        }
        Place::Doubtful(at) | Place::Leaves(at, _) => {
            // By its id, as it is not known what its node is called.
            for node in found(at, id).await? {
                session.remove(&at.path(&node.name)).await?;
            }
            Ok(Withdrawn::NotHeld)
        }
    }
}
