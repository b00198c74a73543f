//! The line before a lock: what the names of its nodes say.
//!
//! A node is called `ID.WEIGHT.SEQUENCE`: the request, what it takes of the lock, and the number by
//! which the server puts them in order.

use lockset_api::Name;

use crate::RequestId;

/// One node in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) id: RequestId,
    pub(super) weight: u32,
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
        let (id, weight, sequence) = (parts.next()?, parts.next()?, parts.next()?);
        let sequence = sequence.parse::<i64>().ok().filter(|_| parts.next().is_none())?;
        let (id, weight) = (id.parse().ok()?, weight.parse().ok()?);
        // A server that counts in 64 bits is followed just as well: the distance is the same.
        #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
        let sequence = Sequence(sequence as i32);
        Some(Self { name: name.to_owned(), id, weight, sequence })
    }

    fn is_before(&self, other: &Self) -> bool {
        self.sequence.is_before(other.sequence)
    }
}

/// What a request's node is called, up to its number.
pub(super) fn prefix(id: RequestId, weight: u32) -> String {
    format!("{id}.{weight}.")
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

    /// Whether they leave room for so much.
    ///
    /// All of them count, holders and waiters: so nobody is overtaken, and grants are in the order
    /// of the nodes.
    pub(super) fn leaves_room(&self, weight: u32, limit: u32) -> bool {
        let taken: u64 = self.0.iter().map(|node| u64::from(node.weight)).sum();
        taken + u64::from(weight) <= u64::from(limit)
    }

    /// The fewest and nearest of them that alone leave no room: as long as all of these are there,
    /// nothing has to be looked at. For a writer it is the one before it, for a reader the next
    /// writer before it, and of N permits the N before it.
    pub(super) fn in_the_way(&self, weight: u32, limit: u32) -> Vec<&Node> {
        let mut nearest: Vec<_> = self.0.iter().rev().collect();
        // Stable: among equals the nearest stay first.
        nearest.sort_by_key(|node| core::cmp::Reverse(node.weight));
        let mut taken = u64::from(weight);
        let room = |node: &&&Node| {
            let is_needed = taken <= u64::from(limit);
            taken += u64::from(node.weight);
            is_needed
        };
        let needed = nearest.iter().take_while(room).count();
        nearest.truncate(needed);
        nearest
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
