//! Locks by name, on one server.

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{AsyncLock, Deadline, Error, ErrorKind, Lock, Name, block_on};

use super::acquire::{Acquire, Patience};
use super::lease::RemoteLease;
use super::terms::{Renewal, Terms};
use crate::store::LeaseStore;

/// The locks of one server.
///
/// Cheap to clone; all clones share the store and its connection.
#[derive(Clone)]
pub struct Locks {
    store: Arc<dyn LeaseStore>,
}

/// One lock of a server, by its name: exclusive, for whoever uses that name there.
///
/// It is a [`Lock`] and an [`AsyncLock`] whose guard is a [`RemoteLease`]. Not re-entrant: the
/// owner is the lease, and a second request waits for the first to end, whoever makes it.
#[derive(Clone)]
pub struct RemoteLock {
    store: Arc<dyn LeaseStore>,
    name: Name,
    terms: Terms,
}

impl Locks {
    /// The locks that `store` keeps.
    #[must_use]
    pub fn new(store: impl LeaseStore) -> Self {
        Self { store: Arc::new(store) }
    }

    /// The lock of this name. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](lockset_api::ErrorKind::InvalidName) if the name breaks the rules of
    /// [`Name`], or the server's own.
    pub fn lock(&self, name: &str) -> Result<RemoteLock, Error> {
        let name = Name::new(name)?;
        self.store.check(&name)?;
        Ok(RemoteLock { store: Arc::clone(&self.store), name, terms: Terms::default() })
    }
}

impl RemoteLock {
    /// The lock's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// How long a grant lasts if it is not renewed: 10 s unless set. It is how long a lock stays
    /// taken after its holder has died.
    ///
    /// # Errors
    ///
    /// [`Config`](lockset_api::ErrorKind::Config) below 20 ms and above a day.
    pub fn with_ttl(mut self, ttl: Duration) -> Result<Self, Error> {
        self.terms = self.terms.with_ttl(ttl).map_err(|error| error.with_lock(&self.name))?;
        Ok(self)
    }

    /// Whether, and for how long, a lease is renewed: for a hundred times its TTL unless set.
    #[must_use]
    pub fn with_renewal(mut self, renewal: Renewal) -> Self {
        self.terms.renewal = Some(renewal);
        self
    }

    /// Starts to wait for the lock until `deadline`; with one in the past, makes one attempt.
    pub fn acquire(&self, deadline: Deadline) -> Acquire {
        let patience =
            if deadline.has_passed() { Patience::Try } else { Patience::Until(deadline) };
        Acquire::start(&self.store, &self.name, self.terms, patience)
    }

    async fn wait(&self) -> Result<RemoteLease, Error> {
        let granted = self.acquire(Deadline::NEVER).await?;
        granted.ok_or_else(|| Error::new(ErrorKind::Other, "a wait without end has ended"))
    }
}

impl Lock for RemoteLock {
    type Guard<'a> = RemoteLease;
    type Error = Error;

    fn lock(&self) -> Result<RemoteLease, Error> {
        block_on(self.wait())
    }

    fn try_lock(&self) -> Result<Option<RemoteLease>, Error> {
        block_on(self.acquire(Deadline::after(Duration::ZERO)))
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<RemoteLease>, Error> {
        block_on(self.acquire(deadline))
    }
}

impl AsyncLock for RemoteLock {
    type Guard<'a> = RemoteLease;
    type Error = Error;

    async fn lock_async(&self) -> Result<RemoteLease, Error> {
        self.wait().await
    }

    async fn try_lock_async(&self) -> Result<Option<RemoteLease>, Error> {
        self.acquire(Deadline::after(Duration::ZERO)).await
    }

    async fn lock_until_async(&self, deadline: Deadline) -> Result<Option<RemoteLease>, Error> {
        self.acquire(deadline).await
    }
}

impl fmt::Debug for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locks").field("store", &self.store.label()).finish()
    }
}

impl fmt::Debug for RemoteLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lock = f.debug_struct("RemoteLock");
        lock.field("store", &self.store.label()).field("name", &self.name.as_str());
        lock.field("ttl", &self.terms.ttl).field("renewal", &self.terms.renewal).finish()
    }
}
