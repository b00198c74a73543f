//! Whether a new way closes a cycle that can hang.
//!
//! A cycle of ways hangs only if all of them can be under way at once, each by another thread or
//! task, and each waits for the next. So on a cycle that is reported
//!
//! - at each lock, the way that leaves it holds it so that the way that arrives is kept out: two
//!   readers do not stand in each other's way;
//! - no two ways have a gate in common: a lock that both hold alone lets only one of them begin.
//!
//! The second rule is that of "Good Lock" (K. Havelund, *Using Runtime Analysis to Guide Model
//! Checking of Java Programs*, SPIN 2000; R. Agarwal et al., *Detecting Potential Deadlocks with
//! Static Analysis and Run-Time Monitoring*, PADTAD 2005).

use std::collections::BTreeSet;

use crate::claim::Claim;
use crate::cycle::Step;
use crate::graph::{Graph, Way};
use crate::mark::NodeId;

/// The longest cycle that is looked for, in ways. The published deadlocks have two or three.
const LONGEST: usize = 8;

/// How many ways one search follows at most, so that no graph makes a request slow.
const EFFORT: usize = 100_000;

/// The steps of a cycle that `way` closes, from `tail` to `head`; a shortest one.
pub(crate) fn cycle(graph: &Graph, tail: NodeId, head: NodeId, way: &Way) -> Option<Vec<Step>> {
    // As good as always the answer is here: no way back at all.
    if !reaches(graph, head, tail) {
        return None;
    }
    let mut search = Search { graph, tail, path: vec![way], nodes: vec![tail], effort: EFFORT };
    let found = (2..=LONGEST).any(|length| search.closes(head, way.wanted, length));
    found.then(|| search.path.iter().map(|way| way.step.clone()).collect())
}

/// Whether any ways lead there, whatever is held on them.
fn reaches(graph: &Graph, from: NodeId, to: NodeId) -> bool {
    let (mut seen, mut next) = (BTreeSet::from([from]), vec![from]);
    while let Some(node) = next.pop() {
        if node == to {
            return true;
        }
        let ways = graph.nodes.get(&node).into_iter().flat_map(|node| node.ways.keys());
        next.extend(ways.filter(|node| seen.insert(**node)));
    }
    false
}

struct Search<'g> {
    graph: &'g Graph,
    tail: NodeId,
    path: Vec<&'g Way>,
    nodes: Vec<NodeId>,
    effort: usize,
}

impl<'g> Search<'g> {
    /// Whether the path can be closed from `node`, where it arrived with the claim `wanted`, at
    /// this length. The path is left complete then, and as it was otherwise.
    fn closes(&mut self, node: NodeId, wanted: Claim, length: usize) -> bool {
        let Some(here) = self.graph.nodes.get(&node) else { return false };
        self.nodes.push(node);
        for (next, ways) in &here.ways {
            let is_end = *next == self.tail;
            let is_last = self.path.len() + 1 == length;
            if is_end != is_last || (!is_end && self.nodes.contains(next)) {
                continue;
            }
            for way in ways {
                self.effort = self.effort.saturating_sub(1);
                if self.effort == 0 {
                    break;
                }
                if !here.rules.excludes(way.held, wanted) || !self.shares_no_gate(way) {
                    continue;
                }
                self.path.push(way);
                if if is_end {
                    self.is_closed_by(way)
                } else {
                    self.closes(*next, way.wanted, length)
                } {
                    return true;
                }
                self.path.pop();
            }
        }
        self.nodes.pop();
        false
    }

    /// Whether the first way's hold keeps the last one's request out.
    fn is_closed_by(&self, last: &Way) -> bool {
        let rules = self.graph.nodes.get(&self.tail).map(|node| node.rules);
        rules.is_some_and(|rules| rules.excludes(self.path[0].held, last.wanted))
    }

    fn shares_no_gate(&self, way: &Way) -> bool {
        self.path.iter().all(|other| other.gates.is_disjoint(&way.gates))
    }
}
