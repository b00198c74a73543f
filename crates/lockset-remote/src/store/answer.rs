//! What a server answers.

use std::time::{Duration, Instant};

use lockset_api::Fence;

/// The server's answer to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// The lock is ours, with this fence.
    Granted(Fence),
    /// Somebody else has it; the attempt left nothing behind.
    Busy {
        /// When the next lease runs out: so soon it may be free, if nobody gives it back before.
        held: Duration,
    },
    /// Somebody else has it, and the request stands in line until it is released.
    Queued {
        /// As for [`Busy`](Self::Busy).
        held: Duration,
    },
}

/// What a waiter is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wake {
    /// The lock was handed over to it.
    Granted(Grant),
    /// It should attempt again.
    Retry,
}

/// A lock that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// As for [`Attempt::Granted`].
    pub fence: Fence,
    /// An instant at which the server had certainly not yet started to count the TTL. The later,
    /// the more is left of the lease; too late, and two may hold it.
    pub since: Instant,
}

impl Grant {
    /// A grant with this fence that was made after `since`.
    #[must_use]
    pub const fn new(fence: Fence, since: Instant) -> Self {
        Self { fence, since }
    }
}

/// The server's answer to a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewed {
    /// It lasts for another TTL.
    Yes,
    /// It is not ours any more.
    Gone,
}

/// The server's answer to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Withdrawn {
    /// The lock was ours, and is so no more.
    Freed,
    /// The request owned nothing.
    NotHeld,
}
