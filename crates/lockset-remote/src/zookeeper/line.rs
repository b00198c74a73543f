//! The line before a lock: what the names of its nodes say.
//!
//! A node is called `ID.WEIGHT-LIMIT.SEQUENCE`: the request, what it takes of the lock, how much
//! may be out for it to be granted, and the number by which the server puts them in order.

use lockset_api::Name;

use crate::{Mode, RequestId};

/// One node in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) id: RequestId,
    pub(super) weight: u32,
    limit: u32,
    sequence: Sequence,
}

/// The server's number. It counts in 32 bits with a sign, and after 2^31 nodes goes on from below,
/// so only the distance of two says which was first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sequence(i32);

impl Sequence {
    fn is_before(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0) < 0
    }
}

impl Node {
    /// What a node's name says; none if it is not one of ours, and stands in nobody's way.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let (id, mode, sequence) = (parts.next()?, parts.next()?, parts.next()?);
        let sequence = sequence.parse::<i64>().ok().filter(|_| parts.next().is_none())?;
        let (weight, limit) = mode.split_once('-')?;
        let (id, weight, limit) = (id.parse().ok()?, weight.parse().ok()?, limit.parse().ok()?);
        // A server that counts in 64 bits is followed just as well: the distance is the same.
        #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
        let sequence = Sequence(sequence as i32);
        Some(Self { name: name.to_owned(), id, weight, limit, sequence })
    }

    fn is_before(&self, other: &Self) -> bool {
        self.sequence.is_before(other.sequence)
    }
}

/// What a request's node is called, up to its number.
pub(super) fn prefix(id: RequestId, mode: Mode) -> String {
    format!("{id}.{}-{}.", mode.weight(), mode.limit())
}

/// Those in a lock's line, in their order.
pub(super) fn in_order(names: &[String]) -> Vec<Node> {
    let mut nodes: Vec<_> = names.iter().filter_map(|name| Node::parse(name)).collect();
    // All are less than 2^31 apart, as none can wait for so many others.
    nodes.sort_by(|one, other| match (one.is_before(other), other.is_before(one)) {
        (true, _) => core::cmp::Ordering::Less,
        (_, true) => core::cmp::Ordering::Greater,
        _ => core::cmp::Ordering::Equal,
    });
    nodes
}

/// Those who stand before a node. They can only become fewer: whoever comes later comes behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ahead(Vec<Node>);

impl Ahead {
    /// Of these, those before `own`.
    pub(super) fn of(own: &Node, names: &[String]) -> Self {
        let mut nodes = in_order(names);
        nodes.retain(|node| node.is_before(own));
        Self(nodes)
    }

    /// Whether it is the turn of `own`, who stands behind them: there is room for it, and for each
    /// before it, beside all those before them.
    ///
    /// All of them count, holders and waiters. Hence those who hold the lock are always the first
    /// of the line, and grants are in the order of the nodes. That each has room and not only the
    /// last keeps one with a greater limit of its own from passing another.
    pub(super) fn leave_turn_to(&self, own: &Node) -> bool {
        self.nearest_without_room(own).is_none()
    }

    /// Some of them that alone keep it from being the turn of `own`: as long as all of these are
    /// there, nothing has to be looked at.
    ///
    /// They are the fewest and nearest that leave no room for it: for a writer the one before it,
    /// for a reader the next writer before it, and of N permits the N before it. If there is room
    /// for itself, they are the nearest for whom there is none, and those who leave none for that.
    pub(super) fn in_the_way(&self, own: &Node) -> Vec<&Node> {
        let Some(at) = self.nearest_without_room(own) else { return Vec::new() };
        let another = self.0.get(at);
        let node = another.unwrap_or(own);
        let mut nearest: Vec<_> = self.0[..at].iter().rev().collect();
        // Stable: among equals the nearest stay first.
        nearest.sort_by_key(|node| core::cmp::Reverse(node.weight));
        let mut taken = u64::from(node.weight);
        let room = |other: &&&Node| {
            let is_needed = taken <= u64::from(node.limit);
            taken += u64::from(other.weight);
            is_needed
        };
        let needed = nearest.iter().take_while(room).count();
        nearest.truncate(needed);
        nearest.extend(another);
        nearest
    }

    /// The place of the last, `own` behind all of them included, for whom there is no room beside
    /// those before it.
    fn nearest_without_room(&self, own: &Node) -> Option<usize> {
        let mut room = Room::default();
        let all = self.0.iter().chain([own]).enumerate();
        all.filter(|(_, node)| !room.has_place_for(node)).last().map(|(at, _)| at)
    }

    /// The one before all of these, who are among them.
    pub(super) fn before(&self, nodes: &[&Node]) -> Option<&Node> {
        let first = self.0.iter().position(|node| nodes.contains(&node))?;
        self.0[..first].last()
    }

    /// The node of this name is gone.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|node| node.name != name);
    }
}

/// What is taken of a lock by those in its line who have been looked at, in their order.
#[derive(Debug, Default)]
pub(super) struct Room {
    taken: u64,
}

impl Room {
    /// Whether there is room for the next in line beside those before it. It takes its own either
    /// way.
    pub(super) fn has_place_for(&mut self, next: &Node) -> bool {
        self.taken += u64::from(next.weight);
        self.taken <= u64::from(next.limit)
    }
}

/// A lock's name as a part of a path: what a path cannot have in it is `%` and two digits.
pub(super) fn encoded(name: &Name) -> String {
    let mut encoded = String::with_capacity(name.as_str().len());
    for (at, byte) in name.as_str().bytes().enumerate() {
        match byte {
            // `.` and `..` are no names.
            b'.' if at == 0 => encoded.push_str("%2E"),
            b' '..=b'~' if !matches!(byte, b'/' | b'%') => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
