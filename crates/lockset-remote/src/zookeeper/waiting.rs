//! Waiting in line, until those before have gone.

use std::sync::Arc;
use std::time::Duration;

use lockset_api::Fence;
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use zookeeper_client::{Error, EventType};

use super::fault::failed;
use super::line::Ahead;
use super::places::{Places, Standing, Where, now};
use crate::Request;
use crate::pauses::Pauses;
use crate::store::{Grant, StoreError, Wake};

/// A request that waits in line.
pub(super) struct Waiter<'a> {
    places: &'a Arc<Places>,
    request: &'a Request,
    standing: Standing,
    /// The watches: each ends with the news of its node. Dropping them takes them back.
    watches: JoinSet<News>,
    /// The names of the nodes that are or have been watched.
    watched: Vec<String>,
}

/// What a watch has to tell.
enum News {
    /// The node of this name is gone.
    Gone(String),
    /// The server says that it will not tell.
    Refused(StoreError),
    /// The session is over, or the server has said something else.
    Unsure,
}

/// What the waiter has come to.
enum Step {
    GoOn,
    LookAgain,
    /// There is no use in that: the server would say the same again.
    GiveUp(StoreError),
}

impl Step {
    /// After an exchange that failed.
    fn after(error: Error) -> Self {
        match error {
            // Ours, and the line with it: somebody has removed them.
            Error::NoNode => Self::LookAgain,
            error => match failed(error) {
                refused if refused.is_refusal() => Self::GiveUp(refused),
                _ => Self::LookAgain,
            },
        }
    }
}

impl<'a> Waiter<'a> {
    pub(super) fn new(places: &'a Arc<Places>, request: &'a Request, standing: Standing) -> Self {
        Self { places, request, standing, watches: JoinSet::new(), watched: Vec::new() }
    }

    /// Waits until the lock is ours, or until it is time to look again, after `longest` if not
    /// before. `round` is how often it was tried, as not to look again and again at once.
    pub(super) async fn wait(mut self, round: u32, longest: Duration) -> Result<Wake, StoreError> {
        let until = now() + longest;
        while !self.standing.is_its_turn() {
            self.watch();
            // Early enough that a grant which comes then leaves most of a lease.
            let confirmation_due = self.standing.confirmed + self.request.ttl / 3;
            let step = tokio::select! {
                news = self.watches.join_next() => match news {
                    Some(Ok(News::Gone(name))) => self.has_gone(&name).await,
                    Some(Ok(News::Refused(error))) => Step::GiveUp(error),
                    _ => Step::LookAgain,
                },
                () = sleep_until(confirmation_due.into()) => self.confirm().await,
                () = sleep_until(until.into()) => Step::LookAgain,
            };
            match step {
                Step::GoOn => {}
                Step::LookAgain => return Pauses::COMMON.wait(round, longest).await,
                Step::GiveUp(error) => return Err(error),
            }
        }
        // If the wait began long ago, too little would be left of the lease.
        let is_fresh = now() < self.standing.confirmed + self.request.ttl / 2;
        match if is_fresh { Step::GoOn } else { self.confirm().await } {
            Step::GoOn => {}
            Step::LookAgain => return Pauses::COMMON.wait(round, longest).await,
            Step::GiveUp(error) => return Err(error),
        }
        let (fence, since) = (Fence::new(self.standing.zxid), self.standing.confirmed);
        self.places.hold(self.standing, since, self.request.ttl);
        Ok(Wake::Granted(Grant::new(fence, since)))
    }

    /// Has those watched who alone are in the way, and the one before them. When that one goes, it
    /// is the turn of those in the way: we look who is left while they hold the lock, instead of
    /// when they have released it.
    fn watch(&mut self) {
        let Standing { ahead, node, .. } = &self.standing;
        let in_the_way = ahead.in_the_way(node);
        let before = ahead.before(&in_the_way);
        for node in in_the_way.into_iter().chain(before) {
            if !self.watched.contains(&node.name) {
                self.watched.push(node.name.clone());
                self.watches.spawn(news(self.standing.at.clone(), node.name.clone()));
            }
        }
    }

    /// One of those before us has gone. If it was the only one that was in the way, as a holder
    /// with nobody before it is, that is all; otherwise others may have gone as well, or it was not
    /// one of those who are in the way, and it is time to know who is left.
    async fn has_gone(&mut self, name: &str) -> Step {
        self.standing.ahead.remove(name);
        if self.standing.is_its_turn() {
            return Step::GoOn;
        }
        let at = &self.standing.at;
        match at.session.surely(|| at.session.line(&at.lock)).await {
            Ok(names) if names.contains(&self.standing.node.name) => {
                self.standing.ahead = Ahead::of(&self.standing.node, &names);
                Step::GoOn
            }
            Ok(_) => Step::LookAgain,
            Err(error) => Step::after(error),
        }
    }

    /// Makes sure that our node is there, and that the servers count our session from now.
    async fn confirm(&mut self) -> Step {
        let (asked, at) = (now(), &self.standing.at);
        let path = self.standing.path();
        match at.session.surely(|| at.session.confirm(&path)).await {
            Ok(()) => {
                self.standing.confirmed = asked;
                Step::GoOn
            }
            Err(error) => Step::after(error),
        }
    }
}

/// The end of a node.
async fn news(at: Where, name: String) -> News {
    let path = at.path(&name);
    match at.session.surely(|| at.session.watch(&path)).await {
        Ok(watcher) => match watcher.changed().await.event_type {
            EventType::NodeDeleted => News::Gone(name),
            _ => News::Unsure,
        },
        Err(Error::NoNode) => News::Gone(name),
        Err(error) => match failed(error) {
            refused if refused.is_refusal() => News::Refused(refused),
            _ => News::Unsure,
        },
    }
}

/// How long a waiter waits before it looks again, whatever it was told or not: what it waits for
/// comes by itself, and this is for what nobody has thought of.
pub(super) const LOOK: Duration = Duration::from_secs(30);
