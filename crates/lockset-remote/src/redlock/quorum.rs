//! What all requests to a quorum share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockset_api::{Error, Fence};

use super::ballot::Ballot;
use super::bid::{Bid, GivenBack};
use super::node::Node;
use super::round::{Exchange, Round};
use super::surroundings::Surroundings;
use crate::RequestId;
use crate::store::StoreError;

/// # Notes about memory ordering
///
/// The atomics are numbers that only have to be plausible, and a flag that saves doing something
/// twice; they guard nothing. All orderings here are Relaxed.
pub(super) struct Quorum {
    pub(super) nodes: Vec<Arc<Node>>,
    surroundings: Arc<dyn Surroundings>,
    /// The greatest fence that was seen here.
    seen: AtomicU64,
    /// About how long a majority takes to answer, in nanoseconds; 0 before it has.
    round_trip: AtomicU64,
    /// What is under way, by the id under which the engine knows it.
    running: Mutex<HashMap<RequestId, Entry>>,
    /// Whether somebody sees to it that strangers become members.
    pub(super) is_admitting: AtomicBool,
}

/// A bid under way, and its ballot while nobody is at it.
struct Entry {
    bid: Arc<Bid>,
    ballot: Option<Ballot>,
}

/// What a majority says.
pub(super) enum Verdict {
    Yes,
    No,
}

/// Taken for the time of a round trip until one has been measured.
const FIRST_GUESS: Duration = Duration::from_millis(2);

impl Quorum {
    pub(super) fn new(nodes: Vec<Arc<Node>>, surroundings: Arc<dyn Surroundings>) -> Self {
        Self {
            nodes,
            surroundings,
            seen: AtomicU64::new(0),
            round_trip: AtomicU64::new(0),
            running: Mutex::default(),
            is_admitting: AtomicBool::new(false),
        }
    }

    pub(super) fn majority(&self) -> usize {
        self.nodes.len() / 2 + 1
    }

    /// An id that no other try has, and never had.
    pub(super) fn draw(&self) -> Result<RequestId, Error> {
        self.surroundings.random().map(RequestId::of_bits)
    }

    /// The least that the next fence may be: by the clock, so that it is beyond what anybody has
    /// had, and nodes which have been granted this and that all answer with it.
    pub(super) fn floor(&self) -> Fence {
        let clock = u64::try_from(self.surroundings.time_of_day().as_micros()).unwrap_or(0);
        // Relaxed: see the type.
        Fence::new(clock.max(self.seen.load(Ordering::Relaxed) + 1))
    }

    pub(super) fn saw(&self, fence: Fence) {
        // Relaxed: see the type.
        self.seen.fetch_max(fence.value(), Ordering::Relaxed);
    }

    pub(super) fn round_trip(&self) -> Duration {
        // Relaxed: see the type.
        match self.round_trip.load(Ordering::Relaxed) {
            0 => FIRST_GUESS,
            nanos => Duration::from_nanos(nanos),
        }
    }

    /// A majority has answered after this time. One that was long in coming counts for little,
    /// unless it is the first.
    pub(super) fn measured(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // Relaxed: see the type.
        let mean = match self.round_trip.load(Ordering::Relaxed) {
            0 => took,
            last => last - last / 8 + took.min(last.saturating_mul(4)) / 8,
        };
        // Relaxed: see the type.
        self.round_trip.store(mean.max(1), Ordering::Relaxed);
    }

    /// Remembers a bid, so that a release finds what it has come to own.
    pub(super) fn remember(&self, id: RequestId, bid: &Arc<Bid>) {
        self.running().insert(id, Entry { bid: Arc::clone(bid), ballot: None });
    }

    /// Keeps a ballot until somebody waits for it.
    pub(super) fn suspend(&self, id: RequestId, ballot: Ballot) {
        if let Some(entry) = self.running().get_mut(&id) {
            entry.ballot = Some(ballot);
        }
    }

    pub(super) fn go_on(&self, id: RequestId) -> Option<Ballot> {
        self.running().get_mut(&id)?.ballot.take()
    }

    /// Forgets a bid, which has an end now or another name.
    pub(super) fn forget(&self, id: RequestId) -> Option<Arc<Bid>> {
        // What is dropped with it, exchanges among them, must not happen under the lock.
        let entry = self.running().remove(&id);
        entry.map(|entry| entry.bid)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<RequestId, Entry>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a round of all nodes comes to: yes or no as soon as a majority has said it, or a yes
    /// cannot be had any more. The others are heard in the background.
    pub(super) async fn decide<T: Send + 'static>(
        &self,
        mut round: Round<Result<T, StoreError>>,
        is_yes: impl Fn(&T) -> bool,
    ) -> Result<Verdict, StoreError> {
        let (mut yes, mut no, mut errors) = (0, 0, Vec::new());
        let all = self.nodes.len();
        let decision = loop {
            if yes >= self.majority() {
                break Ok(Verdict::Yes);
            }
            if no > all - self.majority() {
                break Ok(Verdict::No);
            }
            // Neither can be had from those who are still to answer.
            let open = all - yes - no - errors.len();
            if yes + open < self.majority() && no + open <= all - self.majority() {
                break Err(self.fault(errors));
            }
            match round.next().await {
                Some((_, Ok(answer))) if is_yes(&answer) => yes += 1,
                Some((_, Ok(_))) => no += 1,
                Some((_, Err(error))) => errors.push(error),
                None => break Err(self.fault(errors)),
            }
        };
        round.see_through();
        decision
    }

    /// Ends a bid, and has these nodes give back what it has come to own. Those that have still to
    /// answer it are told by whoever waits for that.
    pub(super) fn give_back(
        &self,
        bid: &Bid,
        is_meant: impl Fn(usize) -> bool,
    ) -> Round<GivenBack> {
        let nodes = self.nodes.iter().zip(bid.end()).enumerate();
        let giving = nodes.filter(|(number, _)| is_meant(*number)).map(|(number, (node, late))| {
            let given: Exchange<GivenBack> = match late {
                None => node.give_back(&bid.request),
                Some(told) => Box::pin(async move {
                    told.await.unwrap_or_else(|gone| Err(StoreError::interrupted(gone)))
                }),
            };
            (number, given)
        });
        giving.collect()
    }

    /// What a failure of too many nodes comes to.
    pub(super) fn fault(&self, errors: Vec<StoreError>) -> StoreError {
        let summary = format!("{} of {} servers failed", errors.len(), self.nodes.len());
        StoreError::of_many(errors, &summary)
    }
}
