//! Nodes that start without a memory, and how they come to belong to the quorum.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockset_api::Fence;
use tokio::time::sleep;

use super::quorum::Quorum;
use super::round::Round;
use crate::engine::{limited, now};
use crate::store::{Enrolled, Memory, StoreError};

impl Quorum {
    /// Sees to it in the background that strangers become members, unless somebody does already.
    pub(super) fn admit_in_background(self: &Arc<Self>, limit: Duration) {
        // Relaxed: see the type. Two at it would do no harm.
        if self.is_admitting.swap(true, Ordering::Relaxed) {
            return;
        }
        let quorum = Arc::clone(self);
        tokio::spawn(async move {
            // Whoever finds the stranger again starts anew if this comes to nothing.
            while let Ok(Some(left)) = quorum.admit(limit).await {
                sleep(left).await;
            }
            // Relaxed: as above.
            quorum.is_admitting.store(false, Ordering::Relaxed);
        });
    }

    /// Makes the strangers members if their time has come, and says how long that is off.
    ///
    /// # A stranger among members
    ///
    /// It has restarted empty. A vote that it has forgotten may still be counted on, for as long as
    /// its TTL: so it abstains for the longest TTL that members know of, by its own clock. Fences
    /// that it has forgotten were agreed with a majority, of which every majority of the others has
    /// one: so it counts on from the greatest that these know of.
    ///
    /// # Strangers only
    ///
    /// It is a new quorum, and nothing has been forgotten: they are members at once.
    pub(super) async fn admit(&self, limit: Duration) -> Result<Option<Duration>, StoreError> {
        let answers = self.recall_all(limit).await;
        let answered = answers.iter().flatten().count();
        let members = || answers.iter().flatten().flatten();
        let is_new = members().next().is_none();
        let memory = members().fold(Memory::new(Fence::new(0), Duration::ZERO), |sum, one| {
            Memory::new(sum.top.max(one.top), sum.longest.max(one.longest))
        });
        // The clocks of both sides may differ by a hundredth each.
        let abstinence = if is_new { Duration::ZERO } else { memory.longest + memory.longest / 50 };
        // What a stranger says of itself is nothing.
        let asked = if is_new { answered } else { answered - 1 };
        if asked < self.majority() {
            return Err(StoreError::unreachable("a majority does not answer"));
        }
        let mut enrolling = Round::new();
        for (number, node) in self.nodes.iter().enumerate() {
            if answers[number] == Some(None) {
                let store = Arc::clone(&node.store);
                let until = now() + limit;
                let enroll = async move { limited(until, store.enroll(abstinence, memory)).await };
                enrolling.push(number, Box::pin(enroll));
            }
        }
        let mut left = None;
        while let Some((_, answer)) = enrolling.next().await {
            if let Ok(Enrolled::In(time)) = answer {
                left = left.max(Some(time));
            }
        }
        Ok(left)
    }

    /// What each node remembers, of those that answer; a new quorum waits for all of them, since
    /// one that does remember would say that it is none.
    async fn recall_all(&self, limit: Duration) -> Vec<Option<Option<Memory>>> {
        let mut answers = vec![None; self.nodes.len()];
        let mut asking = Round::new();
        for (number, node) in self.nodes.iter().enumerate() {
            let store = Arc::clone(&node.store);
            let recall = async move { limited(now() + limit, store.recall()).await };
            asking.push(number, Box::pin(recall));
        }
        while let Some((number, answer)) = asking.next().await {
            answers[number] = answer.ok();
        }
        answers
    }
}
