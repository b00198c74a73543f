//! What a server answers.

use std::time::{Duration, Instant};

use lockset_api::Fence;

use crate::RequestId;

/// The server's answer to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// The lock is ours, with this fence.
    Granted(Fence),
    /// The same, and it is held under this id: the request's own has come to own nothing. For a
    /// store that has to try more than once and must not mistake one try for another.
    GrantedAs(Fence, RequestId),
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
    /// The server does not know that it belongs to a quorum: it is new, or has forgotten all that
    /// it knew. Only for a request with a [floor](crate::Request::floor).
    Stranger,
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
    /// As for [`Attempt::GrantedAs`].
    pub held_as: Option<RequestId>,
}

impl Grant {
    /// A grant with this fence that was made after `since`.
    #[must_use]
    pub const fn new(fence: Fence, since: Instant) -> Self {
        Self { fence, since, held_as: None }
    }

    /// The same, held under another id than the request's.
    #[must_use]
    pub const fn held_as(self, id: RequestId) -> Self {
        Self { held_as: Some(id), ..self }
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

/// The answer of a server in a quorum that was to raise a lock's fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Raised {
    /// The lock's fence, there, is now the one that was asked for.
    Yes,
    /// It is not the request's any more, or its fence is greater already.
    No,
}

/// What a server remembers of the quorum that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// The greatest fence that it has granted in it, of whatever lock.
    pub top: Fence,
    /// The longest TTL of these grants.
    pub longest: Duration,
}

impl Memory {
    /// What is to be remembered.
    #[must_use]
    pub const fn new(top: Fence, longest: Duration) -> Self {
        Self { top, longest }
    }
}

/// The answer of a server that is to belong to a quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enrolled {
    /// It does.
    Yes,
    /// It will, if it is asked again after this time.
    In(Duration),
}
