//! The two ways along a connection, and what has gone along them.

/// A way along a connection, named by what goes along it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a connection has these two")]
pub enum Direction {
    /// From the client to the server.
    Requests,
    /// From the server to the client.
    Replies,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Requests, Self::Replies];
}

/// What has gone along a connection.
///
/// Bytes that were swallowed, cut off, or are still being delayed do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes from the client to the server.
    pub requests: u64,
    /// Bytes from the server to the client.
    pub replies: u64,
    /// How often the client has sent something after an answer, or for the first time: the round
    /// trips that it has waited for. What it sends meanwhile is part of the same one.
    ///
    /// A wire with a delay keeps apart what a client sends at once and what it sends for an answer.
    pub round_trips: u64,
}

impl Traffic {
    pub(crate) fn count(&mut self, direction: Direction, bytes: usize) {
        let counter = match direction {
            Direction::Requests => &mut self.requests,
            Direction::Replies => &mut self.replies,
        };
        *counter += bytes as u64;
    }
}
