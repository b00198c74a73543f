//! A cluster: to each lock the node that has its slot.
//!
//! There is one [`Connection`] a node, and not the `redis` crate's own client of clusters. A
//! waiter's channel must be subscribed to on the very node that runs the scripts of its lock: only
//! there does the server count it among those who hear of a hand-over, and a waiter who is not
//! counted is taken for dead and skipped. That client has subscriptions on whichever node it likes,
//! and moves them as it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::{ConnectionInfo, FromRedisValue};
use tokio::time::sleep;

use super::address;
use super::call::{Call, Manner};
use super::connection::{Answer, Wire};
use super::fault::{Redirection, redirection};
use super::nodes::Nodes;
use super::waiting::Waiting;
use crate::store::StoreError;

/// How often a call may be sent on. More than two are due to a cluster that is being rebuilt.
const TURNS: usize = 16;

/// How long to wait for keys that are on their way from one node to another. It takes one command
/// of the server's a key, so they are there soon or it is not known when.
const ON_THEIR_WAY: Duration = Duration::from_millis(20);

pub(super) struct Cluster {
    nodes: Nodes,
    /// Whether a node has failed to answer, and may have been replaced.
    is_doubtful: AtomicBool,
}

impl Cluster {
    /// A cluster that has these nodes among others; at least one.
    pub(super) fn new(seeds: Vec<ConnectionInfo>, waiting: &Arc<Waiting>) -> Self {
        Self { nodes: Nodes::new(seeds, waiting), is_doubtful: AtomicBool::new(false) }
    }

    #[cfg(feature = "redis-tls")]
    pub(super) fn nodes_mut(&mut self) -> &mut Nodes {
        &mut self.nodes
    }

    /// Runs a script on the node that has this slot, wherever it has gone meanwhile.
    pub(super) async fn run<'s, T: FromRedisValue>(
        &self,
        slot: u16,
        call: &(impl Fn(&Wire) -> Call<'s> + Send + Sync),
    ) -> Result<Answer<T>, StoreError> {
        let mut node = self.node_of(slot).await?;
        let (mut manner, mut unknown) = (Manner::Plain, None);
        for _ in 0..TURNS {
            let error = match self.run_on(&node, manner, call).await {
                Ok(answer) => {
                    let repeated = answer.repeated || unknown.is_some();
                    return Ok(Answer { repeated, ..answer });
                }
                Err(error) => error,
            };
            let next = self.next(slot, &node, &error).await;
            if error.may_have_acted() {
                unknown.get_or_insert(error);
            } else if next.is_none() {
                return Err(unknown.unwrap_or(error));
            }
            match next {
                Some(next) => (node, manner) = next,
                None => break,
            }
        }
        let lost = || StoreError::unreachable(format!("slot {slot} is between its nodes"));
        Err(unknown.unwrap_or_else(lost))
    }

    async fn run_on<'s, T: FromRedisValue>(
        &self,
        node: &Arc<str>,
        manner: Manner,
        call: &(impl Fn(&Wire) -> Call<'s> + Send + Sync),
    ) -> Result<Answer<T>, StoreError> {
        let mut doubt = Doubt { of: self, has_ended: false };
        let answer = self.nodes.connection(node).run(manner, call).await;
        doubt.has_ended = true;
        answer
    }

    /// Where to go with a call that this node has not answered, and how; none if nowhere.
    async fn next(
        &self,
        slot: u16,
        node: &Arc<str>,
        error: &StoreError,
    ) -> Option<(Arc<str>, Manner)> {
        match redirection(error) {
            Some(Redirection::Moved(to)) => {
                let to = full(node, &to);
                self.nodes.moved(slot, node, &to).await;
                Some((to, Manner::Plain))
            }
            Some(Redirection::Ask(to)) => Some((full(node, &to), Manner::Asking)),
            Some(Redirection::TryAgain) => {
                sleep(ON_THEIR_WAY).await;
                Some((Arc::clone(node), Manner::Plain))
            }
            None => {
                // Another may have taken its place, or know better whether the cluster is down.
                self.nodes.ask().await.ok()?;
                let now = self.nodes.of(slot).filter(|now| now != node)?;
                Some((now, Manner::Plain))
            }
        }
    }

    /// The node that has this slot, as far as is known.
    async fn node_of(&self, slot: u16) -> Result<Arc<str>, StoreError> {
        // Relaxed: a flag that says no more than itself.
        if self.is_doubtful.load(Ordering::Relaxed) || !self.nodes.are_known() {
            self.nodes.ask().await?;
            self.is_doubtful.store(false, Ordering::Relaxed);
        }
        let nobody = || StoreError::unreachable(format!("no node of the cluster has slot {slot}"));
        self.nodes.of(slot).ok_or_else(nobody)
    }
}

/// The node in a redirection; one that does not know its own host is where the one is that sent us.
fn full(sender: &str, node: &str) -> Arc<str> {
    match (node.strip_prefix(':'), address::split(sender)) {
        (Some(port), Some((host, _))) => format!("{host}:{port}").into(),
        _ => node.into(),
    }
}

/// A call under way; dropped without an answer, it has the cluster asked before the next one.
struct Doubt<'a> {
    of: &'a Cluster,
    has_ended: bool,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            // Relaxed: see `Cluster::node_of`.
            self.of.is_doubtful.store(true, Ordering::Relaxed);
        }
    }
}
