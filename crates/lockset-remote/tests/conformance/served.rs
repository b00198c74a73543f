//! A lock of a server that all tests of its kind share, whatever the server.

#![allow(dead_code, reason = "not every server has readers and permits, and features may be few")]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockset_conformance::{
    LeaseSubject, PermitsLeaseSubject, PermitsSubject, QueueSubject, Subject,
};
use lockset_remote::{Locks, RemoteRwLock, RemoteSemaphore, Renewal};

use super::{Kept, Store, TTL};

/// One server, or several that are one.
pub(super) trait Served: Send + Sync + 'static {
    const PEER: &'static str;

    fn url() -> String;
    /// A handle with a connection of its own.
    fn connect(url: &str) -> Locks;
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A lock that no other test has.
pub(super) struct Key<S>(u64, PhantomData<S>);

impl<S> Key<S> {
    fn new() -> Self {
        // Relaxed: the number only has to be unlike every other.
        Self(NEXT.fetch_add(1, Ordering::Relaxed), PhantomData)
    }

    /// With a slash, which means something to some servers.
    fn name(&self) -> String {
        format!("jobs/{}", self.0)
    }
}

impl<S: Served> Store for Key<S> {
    const PEER: &'static str = S::PEER;

    fn address(&self) -> String {
        format!("{}#{}", S::url(), self.name())
    }

    fn locks(address: &str) -> Locks {
        S::connect(address)
    }
}

pub(super) fn key<S>() -> Kept<Key<S>> {
    Kept(Key::new())
}

impl<S: Served> QueueSubject for Kept<Key<S>> {
    fn waiting(&self) -> usize {
        S::connect(&S::url()).inspect(&self.0.name()).expect("the server tells").waiters.len()
    }
}

/// A lock for readers as well.
pub(super) struct Book<S>(Key<S>);

pub(super) fn book<S>() -> Book<S> {
    Book(Key::new())
}

impl<S: Served> Subject for Book<S> {
    type Lock = RemoteRwLock;
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteRwLock {
        let lock = S::connect(&S::url()).rw_lock(&self.0.name());
        lock.and_then(|lock| lock.with_ttl(TTL)).expect("a lock")
    }
}

impl<S: Served> LeaseSubject for Book<S> {
    fn open_brief(&self, ttl: Duration) -> RemoteRwLock {
        self.open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL")
    }
}

/// Semaphores, each with a name of its own.
pub(super) struct Pool<S>(PhantomData<S>);

pub(super) fn pool<S>() -> Pool<S> {
    Pool(PhantomData)
}

impl<S: Served> PermitsSubject for Pool<S> {
    type Permits = RemoteSemaphore;

    fn with_permits(&self, permits: usize) -> RemoteSemaphore {
        self.long_and_brief(permits, TTL).0
    }
}

impl<S: Served> PermitsLeaseSubject for Pool<S> {
    fn long_and_brief(&self, permits: usize, ttl: Duration) -> (RemoteSemaphore, RemoteSemaphore) {
        let (name, permits) = (Key::<S>::new().name(), permits.try_into().expect("a few"));
        let open = || S::connect(&S::url()).semaphore(&name, permits).expect("a semaphore");
        let long = open().with_ttl(TTL).expect("a TTL");
        (long, open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL"))
    }
}
