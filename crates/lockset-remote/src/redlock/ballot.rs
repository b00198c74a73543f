//! One try to win a majority, under an id of its own.

mod end;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockset_api::{Error, Fence};
use tokio::time::{sleep, sleep_until, timeout_at};

use super::bid::Bid;
use super::node::limit;
use super::quorum::Quorum;
use super::round::{Exchange, Round};
use crate::Request;
use crate::engine::now;
use crate::store::{Attempt, Grant, Raised, StoreError, Wake};

pub(super) struct Ballot {
    pub(super) bid: Arc<Bid>,
    quorum: Arc<Quorum>,
    /// What each node has to say so far.
    seats: Vec<Seat>,
    news: Round<News>,
    /// The fence, once a majority has voted: the greatest of theirs.
    fence: Option<Fence>,
    began: Instant,
    patience: Duration,
    stage: Stage,
    faults: Vec<StoreError>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// All are asked once.
    Asking,
    /// Nodes push, and those that fail are asked again.
    InLine,
}

#[derive(Clone, Copy)]
enum Seat {
    Asked,
    Queued(Duration),
    Voted(Vote),
    /// Voted, and asked to raise its fence.
    Raising(Vote),
    /// Somebody else has its vote, for so long.
    Taken(Duration),
    /// It does not know that it belongs to the quorum.
    Stranger,
    Failed,
}

#[derive(Clone, Copy)]
struct Vote {
    fence: Fence,
    /// An instant before it was given.
    since: Instant,
}

enum News {
    /// To an attempt that was made at this instant.
    Answer(Instant, Result<Attempt, StoreError>),
    Wake(Result<Wake, StoreError>),
    Raised(Result<Raised, StoreError>),
    /// A node that failed should be asked again.
    Again,
}

/// How it stands.
pub(super) enum Outlook {
    Won(Grant),
    /// It can be won by those who were asked.
    Open,
    /// It can be won by those who have it in their queue as well.
    InLine,
    Lost,
}

/// How many times longer than the majority took the others are waited for, if they are needed.
const GRACE: u32 = 3;

impl Ballot {
    /// Asks all nodes to vote for `wanted`, under an id and with a floor of this ballot's own.
    pub(super) fn start(
        quorum: &Arc<Quorum>,
        wanted: &Request,
        patience: Duration,
    ) -> Result<Self, Error> {
        let (id, floor) = (quorum.draw()?, Some(quorum.floor()));
        let request = Request { id, floor, ..wanted.clone() };
        let mut ballot = Self {
            bid: Arc::new(Bid::new(request, quorum.nodes.len())),
            quorum: Arc::clone(quorum),
            seats: vec![Seat::Asked; quorum.nodes.len()],
            news: Round::new(),
            fence: None,
            began: now(),
            patience,
            stage: Stage::Asking,
            faults: Vec::new(),
        };
        for node in 0..quorum.nodes.len() {
            ballot.ask(node);
        }
        Ok(ballot)
    }

    fn ask(&mut self, node: usize) {
        let patience = self.patience.saturating_sub(now() - self.began);
        let node_of = Arc::clone(&self.quorum.nodes[node]);
        let request = Arc::clone(&self.bid.request);
        let exchange: Exchange<News> = Box::pin(async move {
            let asked = now();
            let attempt =
                node_of.ask(&request, move |store, request| store.attempt(request, patience));
            News::Answer(asked, attempt.await)
        });
        self.bid.ask(node);
        self.news.push(node, exchange);
    }

    fn listen(&mut self, node: usize, held: Duration) {
        let store = Arc::clone(&self.quorum.nodes[node].store);
        let request = Arc::clone(&self.bid.request);
        let wait = async move { News::Wake(store.wait(&request, 1, held).await) };
        self.news.push(node, Box::pin(wait));
    }

    fn raise(&mut self, node: usize, fence: Fence) {
        let raise = self.quorum.nodes[node]
            .ask(&self.bid.request, move |store, request| store.raise(request, fence));
        self.news.push(node, Box::pin(async move { News::Raised(raise.await) }));
    }

    /// Until it is won, or can be won only by waiting, or is lost.
    pub(super) async fn poll_all(&mut self) -> Outlook {
        // Until when those are waited for that the majority has no need of, if they are needed.
        let mut grace: Option<Instant> = None;
        loop {
            match self.outlook() {
                Outlook::Open => {}
                outlook => return outlook,
            }
            let next = match grace {
                Some(until) if self.fence.is_none() => {
                    timeout_at(until.into(), self.news.next()).await
                }
                _ => Ok(self.news.next().await),
            };
            match next {
                Ok(Some((node, news))) => self.take_in(node, news),
                Ok(None) => return Outlook::Lost,
                Err(_) if self.count(|seat| matches!(seat, Seat::Queued(_))) > 0 => {
                    return Outlook::InLine;
                }
                Err(_) => return Outlook::Lost,
            }
            let answered = self.count(|seat| !matches!(seat, Seat::Asked | Seat::Failed));
            if grace.is_none() && answered >= self.quorum.majority() {
                let took = now() - self.began;
                self.quorum.measured(took);
                grace = Some(now() + took * GRACE + Duration::from_millis(2));
            }
        }
    }

    /// Until it is won by what nodes push, or is lost, or has held up others for too long.
    pub(super) async fn stand_in_line(&mut self) -> Option<Grant> {
        self.stage = Stage::InLine;
        for node in 0..self.seats.len() {
            if matches!(self.seats[node], Seat::Failed | Seat::Stranger) {
                self.ask_again(node);
            }
        }
        let mut held = 0;
        let mut until = None;
        loop {
            match self.outlook() {
                Outlook::Won(grant) => return Some(grant),
                Outlook::Lost => return None,
                Outlook::Open | Outlook::InLine => {}
            }
            let votes = self.count(|seat| matches!(seat, Seat::Voted(_) | Seat::Raising(_)));
            if votes != held {
                held = votes;
                until = (votes > 0).then(|| now() + self.hold(votes));
            }
            let out_of_time = async {
                match until {
                    Some(until) => sleep_until(until.into()).await,
                    None => core::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                news = self.news.next() => {
                    let (node, news) = news?;
                    self.take_in(node, news);
                }
                () = out_of_time => return None,
            }
        }
    }

    /// How long so many votes, too few, are held on to.
    ///
    /// Where nobody has a majority, the one with the fewest must give way first, to one who may
    /// then win; where somebody has, its release brings those who have waited what they lack.
    fn hold(&self, votes: usize) -> Duration {
        let round_trip = self.quorum.round_trip().max(Duration::from_millis(1)).as_secs_f64();
        let votes = u32::try_from(votes).map_or(f64::MAX, f64::from);
        let trips =
            3.0f64.mul_add(votes - 1.0, 1.5) * (0.75 + self.bid.request.id.fraction() / 2.0);
        Duration::try_from_secs_f64(round_trip * trips).unwrap_or(self.bid.request.ttl)
    }

    /// How soon a node that failed is asked again.
    fn again_after(&self) -> Duration {
        (self.bid.request.ttl / 20).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }

    fn take_in(&mut self, node: usize, news: News) {
        if matches!(news, News::Answer(..)) {
            // It goes on, or nobody would take this in.
            drop(self.bid.answered(node));
        }
        match news {
            News::Answer(asked, Ok(Attempt::Granted(fence))) => self.vote(node, fence, asked),
            News::Answer(_, Ok(Attempt::Busy { held })) => self.seats[node] = Seat::Taken(held),
            News::Answer(_, Ok(Attempt::Queued { held })) => {
                self.seats[node] = Seat::Queued(held);
                self.listen(node, held);
            }
            News::Answer(_, Ok(Attempt::Stranger)) => {
                self.seats[node] = Seat::Stranger;
                self.quorum.admit_in_background(limit(self.bid.request.ttl));
                self.ask_again(node);
            }
            News::Answer(_, Ok(Attempt::GrantedAs(..))) => {
                let why = "a quorum cannot be part of a quorum";
                self.fail(node, StoreError::refused(why));
            }
            News::Wake(Ok(Wake::Granted(grant))) => self.vote(node, grant.fence, grant.since),
            News::Wake(Ok(Wake::Retry)) | News::Again => self.ask(node),
            News::Raised(Ok(Raised::Yes)) => {
                if let (Seat::Raising(vote), Some(fence)) = (self.seats[node], self.fence) {
                    self.seats[node] = Seat::Voted(Vote { fence, ..vote });
                }
            }
            // What it voted is of no use any more, and it will not vote otherwise.
            News::Raised(Ok(Raised::No)) => self.seats[node] = Seat::Failed,
            News::Raised(Err(error)) => {
                self.seats[node] = Seat::Failed;
                self.faults.push(error);
            }
            News::Answer(_, Err(error)) | News::Wake(Err(error)) => self.fail(node, error),
        }
    }

    fn fail(&mut self, node: usize, error: StoreError) {
        self.seats[node] = Seat::Failed;
        if self.stage == Stage::Asking {
            self.faults.push(error);
        }
        self.ask_again(node);
    }

    fn ask_again(&mut self, node: usize) {
        if self.stage == Stage::InLine {
            let pause = sleep(self.again_after());
            let again = async move {
                pause.await;
                News::Again
            };
            self.news.push(node, Box::pin(again));
        }
    }

    fn vote(&mut self, node: usize, fence: Fence, since: Instant) {
        self.quorum.saw(fence);
        let vote = Vote { fence, since };
        self.seats[node] = Seat::Voted(vote);
        self.agree(node, vote);
    }

    /// Has a node whose fence is behind the majority's raise it.
    fn agree(&mut self, node: usize, vote: Vote) {
        if let Some(fence) = self.fence
            && vote.fence < fence
        {
            self.seats[node] = Seat::Raising(vote);
            self.raise(node, fence);
        }
    }

    /// How it stands; chooses the fence when a majority has voted.
    fn outlook(&mut self) -> Outlook {
        let majority = self.quorum.majority();
        if self.fence.is_none() {
            let votes: Vec<_> = self.votes().collect();
            if votes.len() >= majority {
                self.fence = votes.iter().map(|(_, vote)| vote.fence).max();
                votes.iter().for_each(|&(node, vote)| self.agree(node, vote));
            }
        }
        let agreed = |vote: &Vote| self.fence.is_none_or(|fence| vote.fence == fence);
        let mut since: Vec<_> =
            self.votes().filter(|(_, vote)| agreed(vote)).map(|(_, vote)| vote.since).collect();
        if let (Some(fence), true) = (self.fence, since.len() >= majority) {
            // It lasts as long as a majority of votes does: the latest of them.
            since.sort_unstable_by(|a, b| b.cmp(a));
            let grant = Grant::new(fence, since[majority - 1]).held_as(self.bid.request.id);
            return Outlook::Won(grant);
        }
        let asked = since.len() + self.count(|seat| matches!(seat, Seat::Asked | Seat::Raising(_)));
        let queued = self.count(|seat| matches!(seat, Seat::Queued(_)));
        match () {
            () if asked >= majority => Outlook::Open,
            () if asked + queued >= majority => Outlook::InLine,
            () => Outlook::Lost,
        }
    }

    fn votes(&self) -> impl Iterator<Item = (usize, Vote)> {
        self.seats.iter().enumerate().filter_map(|(node, seat)| match seat {
            Seat::Voted(vote) => Some((node, *vote)),
            _ => None,
        })
    }

    fn count(&self, is_counted: impl Fn(&Seat) -> bool) -> usize {
        self.seats.iter().filter(|seat| is_counted(seat)).count()
    }

    /// Whether it was lost because some do not know that they belong to the quorum.
    pub(super) fn lacks_members(&self) -> bool {
        self.strangers() > 0 && !self.was_answered()
    }

    fn strangers(&self) -> usize {
        self.count(|seat| matches!(seat, Seat::Stranger))
    }

    /// Whether a majority has said whom it has voted for.
    fn was_answered(&self) -> bool {
        let silent = |seat: &Seat| matches!(seat, Seat::Asked | Seat::Failed | Seat::Stranger);
        self.seats.len() - self.count(silent) >= self.quorum.majority() || self.fence.is_some()
    }

    /// When a majority may be free, if nobody gives anything back before.
    pub(super) fn held(&self) -> Duration {
        let mut held: Vec<_> = (self.seats.iter())
            .filter_map(|seat| match seat {
                Seat::Taken(held) | Seat::Queued(held) => Some(*held),
                _ => None,
            })
            .collect();
        held.sort_unstable();
        let lacking = self.quorum.majority().saturating_sub(self.votes().count());
        let last = held.len().checked_sub(1);
        last.map_or(Duration::ZERO, |last| held[lacking.saturating_sub(1).min(last)])
    }

    /// What a ballot that is lost is answered with: that somebody else has the lock, if a majority
    /// has answered at all.
    pub(super) fn defeat(&mut self) -> Result<Attempt, StoreError> {
        if self.was_answered() {
            return Ok(Attempt::Busy { held: self.held() });
        }
        let strangers = (0..self.strangers())
            .map(|_| StoreError::refused("it has started empty, and abstains for a time"));
        self.faults.extend(strangers);
        Err(self.quorum.fault(core::mem::take(&mut self.faults)))
    }
}
