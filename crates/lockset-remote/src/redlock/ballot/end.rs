//! What becomes of the votes that nobody waits for any more.

use core::pin::pin;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::{Ballot, Bid, Exchange, News, Quorum, Round, Seat};
use crate::redlock::node::limit;
use crate::store::{Attempt, Withdrawn};

impl Ballot {
    /// The lock is had: later votes are kept, unless they come when it has been given back.
    pub(in crate::redlock) fn close(mut self) {
        if let Some(late) = self.late() {
            let (quorum, id) = (Arc::clone(&self.quorum), self.bid.request.id);
            quorum.remember(id, &self.bid);
            tokio::spawn(async move {
                late.all().await;
                drop(quorum.forget(id));
            });
        }
    }

    /// Gives back all that was, or still comes to be, voted, and the places in line.
    pub(in crate::redlock) fn give_back(self) {
        let may_hold = |node: usize| !matches!(self.seats[node], Seat::Taken(_) | Seat::Stranger);
        self.quorum.give_back(&self.bid, may_hold).see_through();
    }

    /// The attempts that have not been answered, if there are any.
    fn late(&mut self) -> Option<Round<()>> {
        let news = core::mem::replace(&mut self.news, Round::new());
        let heard = |(node, attempt): (usize, Exchange<News>)| {
            let (quorum, bid) = (Arc::clone(&self.quorum), Arc::clone(&self.bid));
            let heard: Exchange<()> = Box::pin(hear_out(quorum, bid, node, attempt));
            (node, heard)
        };
        let late: Round<()> =
            news.into_iter().filter(|(node, _)| self.bid.awaits(*node)).map(heard).collect();
        (!late.is_empty()).then_some(late)
    }
}

/// Whoever waited for it may be dropped at any time. What has been asked is heard all the same:
/// only then is it known what has to be given back.
impl Drop for Ballot {
    fn drop(&mut self) {
        if let (Some(late), Ok(runtime)) = (self.late(), Handle::try_current()) {
            runtime.spawn(late.all());
        }
    }
}

/// Waits for an answer that nobody needs, and has what it brings given back if the bid is over.
async fn hear_out(quorum: Arc<Quorum>, bid: Arc<Bid>, node: usize, attempt: Exchange<News>) {
    let mut attempt = pin!(leaves_something(&quorum, &bid, attempt));
    let left = tokio::select! {
        biased;
        left = &mut attempt => Some(left),
        () = bid.over() => None,
    };
    let Some(told) = bid.answered(node) else { return };
    let give_back = || quorum.nodes[node].give_back(&bid.request);
    if let Some(left) = left {
        let given_back = if left { give_back().await } else { Ok(Withdrawn::NotHeld) };
        drop(told.send(given_back));
        return;
    }
    // A vote that is still on its way must not be in anybody's way for longer than it has to. But
    // what is sent now may overtake it.
    let mut release = give_back();
    let again = tokio::select! {
        biased;
        left = &mut attempt => {
            let given_back = release.await;
            let has_overtaken = left && matches!(given_back, Ok(Withdrawn::NotHeld));
            drop(told.send(given_back));
            has_overtaken
        }
        given_back = &mut release => {
            drop(told.send(given_back));
            attempt.await
        }
    };
    if again {
        // If that fails, it is owed.
        drop(give_back().await);
    }
}

/// Whether an attempt may have left something: a vote, or a place in line.
async fn leaves_something(quorum: &Arc<Quorum>, bid: &Bid, attempt: Exchange<News>) -> bool {
    let news = attempt.await;
    if matches!(news, News::Answer(_, Ok(Attempt::Stranger))) {
        quorum.admit_in_background(limit(bid.request.ttl));
    }
    !matches!(news, News::Answer(_, Ok(Attempt::Busy { .. } | Attempt::Stranger)))
}
