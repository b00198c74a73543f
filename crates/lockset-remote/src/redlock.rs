//! A lock that a majority of independent servers keeps, of which a minority may fail.
//!
//! It is written over [`LeaseStore`] and is one itself: what the servers are is their business. A
//! server is a *node* here, and a lease that it grants a *vote*; who has the votes of a majority of
//! all nodes has the lock. Any two majorities have a node in common, so there are no two holders.
//!
//! # What the servers have to do
//!
//! Beside what every store does: keep to [`Request::floor`], [`raise`](LeaseStore::raise) a fence,
//! and, if they can forget, [`recall`](LeaseStore::recall) and [`enroll`](LeaseStore::enroll). They
//! should fail independently of each other, and have no replicas: one that takes over has forgotten
//! the latest votes, and nothing here would see it. A name that a quorum locks must not be locked
//! on one of its servers alone.
//!
//! # Sources
//!
//! The quorum is that of Redis's documentation ("Distributed locks with Redis"). Kleppmann's answer
//! to it ("How to do distributed locking", 2016) says what it lacks: a fence, which it has here,
//! and independence of clocks, which it has not. The protocol of the fence is a model as well:
//! `tests/redlock_fence/` of the package `lockset-models`, explored through all of its states.

mod ballot;
mod bid;
mod membership;
mod node;
mod quorum;
mod round;
mod status;
mod surroundings;

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Name};
use tokio::time::sleep;

use crate::engine::{limited, now};
use crate::store::{Attempt, LeaseStore, Op, Renewed, Status, StoreError, Wake, Withdrawn};
use crate::{Mode, Request};
use ballot::{Ballot, Outlook};
use bid::Bid;
use node::{Node, limit};
use quorum::{Quorum, Verdict};
use round::Round;
use surroundings::System;

pub use surroundings::Surroundings;

/// The locks of a quorum of servers.
///
/// # Invariants
///
/// 1. *A vote is for a bid.* Each try has an id of its own, which no other try on any node ever
///    had: a release that comes late, or twice, takes away no vote of a later try.
/// 2. *A lease counts from before the first message* of the try that won it, both rounds included;
///    one whose votes were pushed counts from when the oldest of the latest majority was given.
/// 3. *A majority is one of all nodes*, to take the lock, to renew it and to say that it is gone. A
///    node that fails says neither yes nor no.
/// 4. *Whatever was voted is given back*: at once and everywhere when a try fails, when it comes in
///    late, and again and again when a node does not answer, until it must have run out.
/// 5. *Fences rise.* With `t` the greatest reply of a majority, either all of a majority replied
///    `t`, or those that did not have raised their counters to it, which each does only if the vote
///    is still the bid's *and* its counter is no greater. So at some moment of the lease each node
///    of a majority had counted to exactly `t`. A later majority has one of these nodes, whose vote
///    then is greater than `t`; an earlier one has one whose vote before was less.
/// 6. *A floor only makes steps larger.* That nodes usually reply alike is due to the bid's floor,
///    a number from the client's clock and beyond all that it has seen: a node replies with the
///    greater of the floor and its last fence plus one. Its counter rises with each vote as it
///    would without, which is all that the fifth rule needs; no clock has to be right for it.
/// 7. *Who has forgotten does not vote*, for as long as a forgotten vote can be counted on, and
///    counts on from beyond what a majority of the others remember.
///
/// # How long it takes
///
/// All nodes are asked at once, and the answer is there with that of the majority, or as soon as
/// none can be had: a minority that is slow or gone costs nothing. Where no majority answers, the
/// wait ends after a fifth of the TTL, and 2 s at most. A second round is needed when nodes have
/// counted differently, as after a failure.
///
/// # Waiting
///
/// Where nodes queue, a waiter stands in line on all of them, and the votes that they push count.
/// It has the lock with the majority's, one way after the release. If the votes are split, as when
/// many come at once, who has the fewest gives all back first, its places in line as well, and
/// comes again after a random pause; so lines are in about the order of arrival, and no more. Where
/// nodes only answer, a waiter asks again after random pauses.
///
/// # Ways to fail
///
/// - *A pause of the holder*, or a clock of a node that runs fast by more than a hundredth or is
///   set forward: two may hold it. The fence orders them, for a resource that checks it. No lease
///   promises more.
/// - *More than a minority down*: nothing is granted or renewed, and holders are told of the loss
///   before their time is over. Nobody gets what they had before it is.
/// - *A minority that restarts empty* is kept out for the longest TTL that has been in use, by its
///   own clock, and is then of use again, without anybody's doing. A holder does not win its votes
///   anew, so restarts of a majority, one after the other, end a lease, of which the holder is
///   told.
/// - *A majority that restarts empty at once* has forgotten who holds what. As long as one other
///   node answers that remembers, they are kept out as well, until a majority beside each answers;
///   the fences of those that are left, and the clients' clocks, are what goes on. If *none*
///   answers that remembers, this is a new quorum: two may hold a lock, and fences are as good as
///   the clients' clocks. The same goes for a message of those first moments that comes after
///   another restart. Nodes that write down what they answer do not forget.
/// - *Counters have an end* where the store's have: in Redis two days after a lock's last use.
///   After that the clients' clocks, which are in the floor, keep fences rising.
/// - *Readers and permits* are refused: see [`check`](LeaseStore::check)'s reasons.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use std::sync::Arc;
/// use lockset_api::Lock;
/// use lockset_remote::{LeaseStore, Locks, redlock::Redlock, sqlite::Sqlite};
///
/// # let dir = tempfile::tempdir().unwrap();
/// // Each on a disk of its own; or `redis::Redis::new("redis://...")` on a machine of its own.
/// let disks = ["a", "b", "c"].map(|disk| dir.path().join(disk));
/// let mut stores: Vec<Arc<dyn LeaseStore>> = Vec::new();
/// for path in disks {
///     stores.push(Arc::new(Sqlite::open(path)?));
/// }
/// let quorum = Redlock::new(stores)?;
/// let lease = Locks::new(quorum).lock("billing")?.lock()?;
/// # drop(lease);
/// # }
/// # Ok::<(), lockset_api::Error>(())
/// ```
pub struct Redlock {
    label: String,
    quorum: Arc<Quorum>,
}

impl Redlock {
    /// A quorum of these servers, of one kind and with the same for all who use it. Nothing is sent
    /// yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for fewer than three, of which none may fail; for an even number, of
    /// which no more may fail than of one fewer; and for one that is there twice, by its label,
    /// which would have two votes.
    pub fn new(stores: Vec<Arc<dyn LeaseStore>>) -> Result<Self, Error> {
        let refuse = |why: String| Err(Error::new(ErrorKind::Config, why));
        let count = stores.len();
        if count < 3 {
            return refuse(format!("a quorum of {count} survives no failure: it takes three"));
        }
        if count.is_multiple_of(2) {
            let fewer = count - 1;
            return refuse(format!("a quorum of {count} survives no more than one of {fewer}"));
        }
        let labels: Vec<_> = stores.iter().map(|store| store.label()).collect();
        if let Some(twice) = (1..count).find(|&at| labels[..at].contains(&labels[at])) {
            return refuse(format!("{} is in the quorum twice", labels[twice]));
        }
        let label = format!("redlock:{}", labels.join(","));
        let nodes = stores.into_iter().map(|store| Arc::new(Node::new(store))).collect();
        Ok(Self { label, quorum: Arc::new(Quorum::new(nodes, Arc::new(System))) })
    }

    /// The same in other surroundings: those of a simulation, where chance and the time of day
    /// come from a seed. The other clock is the runtime's: see [`Locks::on`](crate::Locks::on).
    #[must_use]
    pub fn within(self, surroundings: impl Surroundings) -> Self {
        let quorum = Quorum::new(self.quorum.nodes.clone(), Arc::new(surroundings));
        Self { quorum: Arc::new(quorum), ..self }
    }

    /// All nodes are asked once.
    async fn attempt_once(
        &self,
        wanted: &Request,
        patience: Duration,
    ) -> Result<(Outlook, Ballot), StoreError> {
        let quorum = &self.quorum;
        let mut ballot = Ballot::start(quorum, wanted, patience).map_err(StoreError::refused)?;
        quorum.remember(wanted.id, &ballot.bid);
        let outlook = ballot.poll_all().await;
        Ok((outlook, ballot))
    }

    /// A ballot, and another one if a majority had to be made members first.
    async fn attempt(&self, wanted: &Request, patience: Duration) -> Result<Attempt, StoreError> {
        let quorum = &self.quorum;
        // An earlier attempt, which nobody waited for to the end.
        if let Some(bid) = quorum.forget(wanted.id) {
            quorum.give_back(&bid, |_| true).see_through();
        }
        let (mut outlook, mut ballot) = self.attempt_once(wanted, patience).await?;
        if matches!(outlook, Outlook::Lost) && ballot.lacks_members() {
            ballot.give_back();
            // What comes of it shows.
            drop(quorum.admit(limit(wanted.ttl)).await);
            (outlook, ballot) = self.attempt_once(wanted, patience).await?;
        }
        match outlook {
            Outlook::Won(grant) => {
                drop(quorum.forget(wanted.id));
                let id = ballot.bid.request.id;
                ballot.close();
                Ok(Attempt::GrantedAs(grant.fence, id))
            }
            Outlook::InLine | Outlook::Open => {
                let held = ballot.held();
                quorum.suspend(wanted.id, ballot);
                Ok(Attempt::Queued { held })
            }
            Outlook::Lost => {
                drop(quorum.forget(wanted.id));
                let defeat = ballot.defeat();
                ballot.give_back();
                defeat
            }
        }
    }

    /// A random pause, so that those who have failed together do not do so again, and longer from
    /// round to round.
    async fn back_off(&self, request: &Request, round: u32, held: Duration) {
        let first = self.quorum.round_trip().max(Duration::from_millis(1));
        let longest = (first * 2_u32.pow(round.clamp(1, 7))).min(LONGEST_PAUSE);
        let fraction = self.quorum.draw().unwrap_or(request.id).fraction();
        let pause = longest.mul_f64(0.25 + 0.75 * fraction);
        // Where votes were split nobody may hold it for long, whatever was said.
        sleep(pause.min(held.max(first))).await;
    }
}

/// As often as a waiter looks at least, where nobody pushes.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

impl LeaseStore for Redlock {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self, names: &[Name], mode: Mode) -> Result<(), Error> {
        let refuse = |why| Err(Error::new(ErrorKind::Unsupported, why));
        match mode {
            Mode::Exclusive => {
                let mut nodes = self.quorum.nodes.iter();
                nodes.try_for_each(|node| node.store.check(names, mode))
            }
            Mode::Shared => refuse(
                "no lock that readers share in a quorum: a reader and a writer may each have a \
                 majority's word, of other servers, that there is room for them",
            ),
            Mode::Permits { .. } => refuse(
                "no permits in a quorum: of two permits and three servers, three holders can each \
                 have two servers' word",
            ),
        }
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        Box::pin(self.attempt(request, patience))
    }

    fn wait<'a>(&'a self, request: &'a Request, round: u32, held: Duration) -> Op<'a, Wake> {
        Box::pin(async move {
            let Some(mut ballot) = self.quorum.go_on(request.id) else {
                self.back_off(request, round, held).await;
                return Ok(Wake::Retry);
            };
            let grant = ballot.stand_in_line().await;
            drop(self.quorum.forget(request.id));
            if let Some(grant) = grant {
                ballot.close();
                return Ok(Wake::Granted(grant));
            }
            ballot.give_back();
            self.back_off(request, 1, held).await;
            Ok(Wake::Retry)
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async move {
            let request = Arc::new(request.clone());
            let ask = |node: &Arc<Node>| node.ask(&request, |store, request| store.renew(request));
            let round = self.quorum.nodes.iter().map(ask).enumerate().collect();
            let renewed = self.quorum.decide(round, |answer| *answer == Renewed::Yes);
            Ok(match renewed.await? {
                Verdict::Yes => Renewed::Yes,
                Verdict::No => Renewed::Gone,
            })
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async move {
            let bid = self.quorum.forget(request.id).unwrap_or_else(|| {
                // All nodes have answered it, as far as is known here.
                Arc::new(Bid::new(request.clone(), self.quorum.nodes.len()))
            });
            let round = self.quorum.give_back(&bid, |_| true);
            let freed = self.quorum.decide(round, |answer| *answer == Withdrawn::Freed);
            Ok(match freed.await? {
                Verdict::Yes => Withdrawn::Freed,
                Verdict::No => Withdrawn::NotHeld,
            })
        })
    }

    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        Box::pin(async move {
            let nodes = &self.quorum.nodes;
            let mut asking = Round::new();
            for (number, node) in nodes.iter().enumerate() {
                let (store, name) = (Arc::clone(&node.store), name.clone());
                let until = now() + PATIENCE;
                let inspect = async move { limited(until, store.inspect(&name)).await };
                asking.push(number, Box::pin(inspect));
            }
            let (mut answers, mut errors) = (Vec::new(), Vec::new());
            while let Some((_, answer)) = asking.next().await {
                match answer {
                    Ok(status) => answers.push(status),
                    Err(error) => errors.push(error),
                }
            }
            if answers.len() < self.quorum.majority() {
                return Err(self.quorum.fault(errors));
            }
            Ok(status::merge(answers, nodes.len()))
        })
    }
}

/// How long a look at the lock waits for those who do not answer.
const PATIENCE: Duration = Duration::from_secs(1);

impl fmt::Debug for Redlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redlock").field("label", &self.label).finish_non_exhaustive()
    }
}
