//! One lock of a server, shared by readers.

use lockset_api::{AsyncSharedLock, Deadline, Error, Name, SharedLock};

use super::acquire::Acquire;
use super::claim::{Claim, exclusive, settings};
use super::lease::RemoteLease;
use crate::Mode;

/// One lock of a server that readers share and a writer has alone.
///
/// Whoever comes first is served first: a writer that waits keeps out the readers that come after
/// it, so it does not starve, and neither do they. A reader's lease has a fence as well; only those
/// of writers need to be checked.
#[derive(Clone)]
pub struct RemoteRwLock {
    pub(super) claim: Claim,
}

settings!(RemoteRwLock);
exclusive!(RemoteRwLock);

impl RemoteRwLock {
    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.claim.names()[0]
    }

    /// Starts to wait for the lock, as a writer, until `deadline`; with one in the past, makes one
    /// attempt.
    pub fn acquire(&self, deadline: Deadline) -> Acquire {
        self.claim.acquire(Mode::Exclusive, deadline)
    }

    /// The same as a reader.
    pub fn acquire_shared(&self, deadline: Deadline) -> Acquire {
        self.claim.acquire(Mode::Shared, deadline)
    }
}

impl SharedLock for RemoteRwLock {
    type SharedGuard<'a> = RemoteLease;

    fn read(&self) -> Result<RemoteLease, Error> {
        self.claim.wait_blocking(Mode::Shared)
    }

    fn try_read(&self) -> Result<Option<RemoteLease>, Error> {
        self.claim.try_blocking(Mode::Shared)
    }

    fn read_until(&self, deadline: Deadline) -> Result<Option<RemoteLease>, Error> {
        self.claim.acquire_blocking(Mode::Shared, deadline)
    }
}

impl AsyncSharedLock for RemoteRwLock {
    type SharedGuard<'a> = RemoteLease;

    async fn read_async(&self) -> Result<RemoteLease, Error> {
        self.claim.wait(Mode::Shared).await
    }

    async fn try_read_async(&self) -> Result<Option<RemoteLease>, Error> {
        self.claim.try_acquire(Mode::Shared).await
    }

    async fn read_until_async(&self, deadline: Deadline) -> Result<Option<RemoteLease>, Error> {
        self.claim.acquire_lazily(Mode::Shared, deadline).await
    }
}
