//! What becomes of the votes that nobody waits for any more.

use std::sync::Arc;

use super::{Ballot, News, Seat};
use crate::redlock::node::limit;
use crate::store::Attempt;

impl Ballot {
    /// The lock is had: later votes are kept, unless they come when it has been given back.
    pub(in crate::redlock) fn close(self) {
        if self.seats.iter().any(|seat| matches!(seat, Seat::Asked)) {
            let id = self.bid.request.id;
            self.quorum.remember(id, &self.bid);
            tokio::spawn(async move {
                let quorum = Arc::clone(&self.quorum);
                self.hear_out().await;
                drop(quorum.forget(id));
            });
        }
    }

    /// Gives back all that was, or still comes to be, voted, and the places in line.
    pub(in crate::redlock) fn give_back(self) {
        self.bid.end();
        let may_hold = |node: &usize| !matches!(self.seats[*node], Seat::Taken(_) | Seat::Stranger);
        self.quorum.undo(&self.bid.request, (0..self.seats.len()).filter(may_hold));
        if self.seats.iter().any(|seat| matches!(seat, Seat::Asked)) {
            tokio::spawn(self.hear_out());
        }
    }

    /// Hears those that have not answered yet.
    async fn hear_out(mut self) {
        let seats = self.seats;
        self.news.keep(|node| matches!(seats[node], Seat::Asked));
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
