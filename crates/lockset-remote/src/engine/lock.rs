//! One lock of a server, exclusive.

use std::time::Duration;

use lockset_api::{Deadline, Name};

use super::acquire::Acquire;
use super::claim::{Claim, exclusive, settings};
use super::observer::Observer;
use crate::Mode;

/// One lock of a server, by its name, or several that are taken together: exclusive, for whoever
/// uses those names there.
///
/// It is a [`Lock`](lockset_api::Lock) and an [`AsyncLock`](lockset_api::AsyncLock) whose guard is
/// a [`RemoteLease`](crate::RemoteLease). Not re-entrant: the
/// owner is the lease, and a second request waits for the first to end, whoever makes it.
#[derive(Clone)]
pub struct RemoteLock {
    pub(super) claim: Claim,
}

settings!(RemoteLock);
exclusive!(RemoteLock);

impl RemoteLock {
    /// The lock's name, the first if it has several.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.claim.names()[0]
    }

    /// All names that it locks.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        self.claim.names()
    }

    /// Who holds the lock, now and from each change on. It is the first of its names that is looked
    /// at, once in `every`.
    pub fn observe(&self, every: Duration) -> Observer {
        Observer::new(self.claim.port(), self.name(), every)
    }

    /// Starts to wait for the lock until `deadline`; with one in the past, makes one attempt.
    ///
    /// A server that cannot be reached at first is an error at once. One that is in trouble later
    /// is put up with for a TTL, and for 5 s at most; then that is an error, too.
    pub fn acquire(&self, deadline: Deadline) -> Acquire {
        self.claim.acquire(Mode::Exclusive, deadline)
    }
}
