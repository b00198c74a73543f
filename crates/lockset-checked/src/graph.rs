//! The graph of orders: who was held while who was asked for, in all the process.
//!
//! A node is a lock, or a class of locks. Between two nodes are *ways*: each is one manner in which
//! the one was asked for by somebody who held the other. The graph has no cycle that could hang: a
//! way that would close one is reported instead of being added.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::claim::{Claim, Rules};
use crate::cycle::{Cycle, Step};
use crate::mark::NodeId;
use crate::search;

/// So many ways are kept between two locks; a further one is judged, but not kept. They differ in
/// what else was held, and after so many there is little to learn from the next.
const MOST_WAYS: usize = 16;

static GRAPH: Mutex<Graph> =
    Mutex::new(Graph { nodes: BTreeMap::new(), reported: BTreeSet::new() });

/// Rises when something is taken out of the graph, so that what was known before is asked anew.
static EPOCH: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Graph {
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    /// Pairs whose cycle was reported and survived.
    reported: BTreeSet<(NodeId, NodeId)>,
}

#[derive(Default)]
pub(crate) struct Node {
    pub(crate) rules: Rules,
    pub(crate) ways: BTreeMap<NodeId, Vec<Way>>,
    /// The nodes with ways to this one, so that it can be taken out without a search.
    before: BTreeSet<NodeId>,
}

/// One manner in which a lock was asked for while another was held.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) held: Claim,
    pub(crate) wanted: Claim,
    /// The locks that were held so that nobody else can have been on a way with one of them: the
    /// gates. By their own numbers, also in a class.
    pub(crate) gates: BTreeSet<u64>,
    pub(crate) step: Step,
    id: u64,
}

/// A way in the graph, to take it out again.
#[derive(Clone, Copy)]
pub(crate) struct WayId {
    from: NodeId,
    to: NodeId,
    id: u64,
}

/// One end of a way.
pub(crate) type End = (NodeId, Rules);

/// What became of a new way.
pub(crate) enum Added {
    /// The graph knows one like it, or one that says more.
    Known,
    New(WayId),
    /// It closes a cycle and was not added.
    Closes(Cycle),
}

impl Way {
    pub(crate) fn new(held: Claim, wanted: Claim, gates: BTreeSet<u64>, step: Step) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: the number only has to be unlike every other.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { held, wanted, gates, step, id }
    }

    /// Whether every cycle through the other is one through this as well.
    fn covers(&self, other: &Self) -> bool {
        (self.held, self.wanted) == (other.held, other.wanted) && self.gates.is_subset(&other.gates)
    }
}

/// Adds a way between two nodes, unless it is known or closes a cycle.
pub(crate) fn add(from: End, to: End, way: Way) -> Added {
    let mut graph = lock();
    let (tail, head) = (from.0, to.0);
    let known = graph.nodes.get(&tail).and_then(|node| node.ways.get(&head));
    if known.is_some_and(|ways| ways.iter().any(|known| known.covers(&way))) {
        return Added::Known;
    }
    for (node, rules) in [from, to] {
        graph.nodes.entry(node).or_default().rules = rules;
    }
    if let Some(steps) = search::cycle(&graph, tail, head, &way) {
        let reported = graph.reported.contains(&(tail, head));
        return if reported { Added::Known } else { Added::Closes(Cycle::new(steps)) };
    }
    graph.nodes.entry(head).or_default().before.insert(tail);
    let ways = graph.nodes.entry(tail).or_default().ways.entry(head).or_default();
    ways.retain(|known| !way.covers(known));
    if ways.len() >= MOST_WAYS {
        return Added::Known;
    }
    let id = WayId { from: tail, to: head, id: way.id };
    ways.push(way);
    Added::New(id)
}

/// Does not report this pair again: whoever was told has let it go on.
pub(crate) fn was_reported(from: NodeId, to: NodeId) {
    lock().reported.insert((from, to));
}

/// Takes a lock out, with all its ways.
pub(crate) fn forget_lock(lock_id: NodeId) {
    let mut graph = lock();
    let Some(node) = graph.nodes.remove(&lock_id) else { return };
    for next in node.ways.keys() {
        if let Some(next) = graph.nodes.get_mut(next) {
            next.before.remove(&lock_id);
        }
    }
    for before in node.before {
        if let Some(before) = graph.nodes.get_mut(&before) {
            before.ways.remove(&lock_id);
        }
    }
    graph.reported.retain(|(from, to)| *from != lock_id && *to != lock_id);
}

/// Takes ways out that turned out to be none.
pub(crate) fn forget_ways(forgotten: &[WayId]) {
    if forgotten.is_empty() {
        return;
    }
    let mut graph = lock();
    for WayId { from, to, id } in forgotten {
        let Some(node) = graph.nodes.get_mut(from) else { continue };
        let Some(ways) = node.ways.get_mut(to) else { continue };
        ways.retain(|way| way.id != *id);
        if ways.is_empty() {
            node.ways.remove(to);
            if let Some(to) = graph.nodes.get_mut(to) {
                to.before.remove(from);
            }
        }
    }
    // Relaxed: whoever sees it late goes on for a while with what it knew, which was no cycle.
    EPOCH.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn epoch() -> u64 {
    // Relaxed: see above.
    EPOCH.load(Ordering::Relaxed)
}

fn lock() -> MutexGuard<'static, Graph> {
    GRAPH.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    //! That nothing is left behind cannot be seen from outside.

    use super::{NodeId, lock};
    use crate::Checked;

    /// Which of the locks with these numbers the graph knows.
    fn known(ids: [u64; 3]) -> Vec<u64> {
        let graph = lock();
        let is_known = |id: &u64| {
            let node = NodeId::Lock(*id);
            let mut all = graph.nodes.values();
            let named =
                all.any(|other| other.ways.contains_key(&node) || other.before.contains(&node));
            named || graph.nodes.contains_key(&node)
        };
        ids.into_iter().filter(is_known).collect()
    }

    #[test]
    fn locks_that_are_gone_leave_nothing_behind() {
        let [a, b, c] = [(); 3].map(|()| Checked::new(lockset_mutex::Mutex::new(())));
        let ids = [&a, &b, &c].map(|lock| lock.mark().id);
        assert_eq!(known(ids), []);
        drop((a.lock(), b.lock(), c.lock()));
        assert_eq!(known(ids), ids);
        drop(b);
        assert_eq!(known(ids), [ids[0], ids[2]]);
        drop((a, c));
        assert_eq!(known(ids), []);
    }
}
