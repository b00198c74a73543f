//! A cut that waits for its byte.

use super::Direction;

/// Ends a connection right after so many further bytes in one direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    direction: Direction,
    left: u64,
}

impl Cut {
    pub(crate) fn after(bytes: u64, direction: Direction) -> Self {
        Self { direction, left: bytes }
    }

    /// How many of `bytes` may still go in this direction.
    pub(crate) fn allows(&self, direction: Direction, bytes: usize) -> usize {
        if direction != self.direction {
            return bytes;
        }
        usize::try_from(self.left).map_or(bytes, |left| left.min(bytes))
    }

    /// Notes what went; whether it was the last that may.
    pub(crate) fn falls(&mut self, direction: Direction, bytes: usize) -> bool {
        if direction == self.direction {
            self.left -= bytes as u64;
        }
        direction == self.direction && self.left == 0
    }
}
