//! What becomes of the votes that nobody waits for any more.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::{Ballot, Bid, News, Quorum, Round, Seat};
use crate::redlock::node::limit;
use crate::store::Attempt;

impl Ballot {
    /// The lock is had: later votes are kept, unless they come when it has been given back.
    pub(in crate::redlock) fn close(mut self) {
        if let Some(late) = self.late() {
            let (quorum, id) = (Arc::clone(&self.quorum), self.bid.request.id);
            quorum.remember(id, &self.bid);
            tokio::spawn(async move {
                late.hear_out().await;
                drop(quorum.forget(id));
            });
        }
    }

    /// Gives back all that was, or still comes to be, voted, and the places in line.
    pub(in crate::redlock) fn give_back(self) {
        self.bid.end();
        let may_hold = |node: &usize| !matches!(self.seats[*node], Seat::Taken(_) | Seat::Stranger);
        self.quorum.undo(&self.bid.request, (0..self.seats.len()).filter(may_hold));
    }

    /// The attempts that have not been answered, if there are any.
    fn late(&mut self) -> Option<Late> {
        let mut news = core::mem::replace(&mut self.news, Round::new());
        news.keep(|node| self.is_asked[node]);
        let (quorum, bid) = (Arc::clone(&self.quorum), Arc::clone(&self.bid));
        (!news.is_empty()).then_some(Late { quorum, bid, news })
    }
}

/// Whoever waited for it may be dropped at any time. What has been asked is heard all the same:
/// the release that follows may overtake it.
impl Drop for Ballot {
    fn drop(&mut self) {
        if let (Some(late), Ok(runtime)) = (self.late(), Handle::try_current()) {
            runtime.spawn(late.hear_out());
        }
    }
}

/// Attempts whose answers nobody needs.
struct Late {
    quorum: Arc<Quorum>,
    bid: Arc<Bid>,
    news: Round<News>,
}

impl Late {
    /// Waits for them, and sees to it that what they bring is given back if the bid is over.
    async fn hear_out(mut self) {
        while let Some((node, news)) = self.news.next().await {
            if matches!(news, News::Answer(_, Ok(Attempt::Stranger))) {
                self.quorum.admit_in_background(limit(self.bid.request.ttl));
            }
            let left_nothing =
                matches!(news, News::Answer(_, Ok(Attempt::Busy { .. } | Attempt::Stranger)));
            if self.bid.is_over() && !left_nothing {
                self.quorum.nodes[node].owe(&self.bid.request);
            }
        }
    }
}
