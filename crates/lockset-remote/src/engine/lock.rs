//! One lock of a server, exclusive.

use lockset_api::{AsyncLock, Deadline, Error, Lock, Name, block_on};

use super::acquire::Acquire;
use super::claim::{Claim, settings};
use super::lease::RemoteLease;
use crate::Mode;

/// One lock of a server, by its name, or several that are taken together: exclusive, for whoever
/// uses those names there.
///
/// It is a [`Lock`] and an [`AsyncLock`] whose guard is a [`RemoteLease`]. Not re-entrant: the
/// owner is the lease, and a second request waits for the first to end, whoever makes it.
#[derive(Clone)]
pub struct RemoteLock {
    pub(super) claim: Claim,
}

settings!(RemoteLock);

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

    /// Starts to wait for the lock until `deadline`; with one in the past, makes one attempt.
    ///
    /// A server that cannot be reached at first is an error at once. One that is in trouble later
    /// is put up with for a TTL, and for 5 s at most; then that is an error, too.
    pub fn acquire(&self, deadline: Deadline) -> Acquire {
        self.claim.acquire(Mode::Exclusive, deadline)
    }
}

impl Lock for RemoteLock {
    type Guard<'a> = RemoteLease;
    type Error = Error;

    fn lock(&self) -> Result<RemoteLease, Error> {
        self.claim.wait_blocking(Mode::Exclusive)
    }

    fn try_lock(&self) -> Result<Option<RemoteLease>, Error> {
        block_on(self.claim.try_acquire(Mode::Exclusive))
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<RemoteLease>, Error> {
        block_on(self.claim.acquire_lazily(Mode::Exclusive, deadline))
    }
}

impl AsyncLock for RemoteLock {
    type Guard<'a> = RemoteLease;
    type Error = Error;

    async fn lock_async(&self) -> Result<RemoteLease, Error> {
        self.claim.wait(Mode::Exclusive).await
    }

    async fn try_lock_async(&self) -> Result<Option<RemoteLease>, Error> {
        self.claim.try_acquire(Mode::Exclusive).await
    }

    async fn lock_until_async(&self, deadline: Deadline) -> Result<Option<RemoteLease>, Error> {
        self.claim.acquire_lazily(Mode::Exclusive, deadline).await
    }
}
