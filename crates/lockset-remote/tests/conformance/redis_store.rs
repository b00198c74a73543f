//! Leases kept by one Redis server: alone, shared, by permits, in a line.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockset_conformance::{
    LeaseSubject, PermitsLeaseSubject, PermitsSubject, QueueSubject, Subject, Watched, process,
    suite,
};
use lockset_remote::{Locks, RemoteRwLock, RemoteSemaphore, Renewal, redis::Redis};

use super::{Kept, Store, TTL, Tasks, WatchedTasks};

/// One server for all tests, and a name for each.
static SERVER: LazyLock<testbed::Redis> =
    LazyLock::new(|| testbed::Redis::start().unwrap_or_else(|error| panic!("{error}")));
static NEXT: AtomicU64 = AtomicU64::new(0);

struct Key(u64);

impl Key {
    fn new() -> Self {
        // Relaxed: the number only has to be unlike every other.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn name(&self) -> String {
        format!("job-{}", self.0)
    }
}

/// A handle with a connection of its own.
fn locks() -> Locks {
    Locks::new(Redis::new(&SERVER.url()).expect("a URL"))
}

impl Store for Key {
    const PEER: &'static str = "redis_store::peer";

    fn address(&self) -> String {
        format!("{}#{}", SERVER.url(), self.name())
    }

    fn locks(address: &str) -> Locks {
        Locks::new(Redis::new(address).expect("a URL"))
    }
}

fn key() -> Kept<Key> {
    Kept(Key::new())
}

#[test]
fn peer() {
    process::serve::<Kept<Key>>();
}

impl QueueSubject for Kept<Key> {
    fn waiting(&self) -> usize {
        locks().inspect(&self.0.name()).expect("the server tells").waiters.len()
    }
}

/// The same lock, for readers as well.
struct Book(Key);

impl Subject for Book {
    type Lock = RemoteRwLock;
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteRwLock {
        locks().rw_lock(&self.0.name()).and_then(|lock| lock.with_ttl(TTL)).expect("a lock")
    }
}

impl LeaseSubject for Book {
    fn open_brief(&self, ttl: Duration) -> RemoteRwLock {
        self.open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL")
    }
}

struct Pool;

impl PermitsSubject for Pool {
    type Permits = RemoteSemaphore;

    fn with_permits(&self, permits: usize) -> RemoteSemaphore {
        self.long_and_brief(permits, TTL).0
    }
}

impl PermitsLeaseSubject for Pool {
    fn long_and_brief(&self, permits: usize, ttl: Duration) -> (RemoteSemaphore, RemoteSemaphore) {
        let (name, permits) = (Key::new().name(), permits.try_into().expect("a few"));
        let open = || locks().semaphore(&name, permits).expect("a semaphore");
        let long = open().with_ttl(TTL).expect("a TTL");
        (long, open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL"))
    }
}

suite!(redis: key() => lock, process, lease, fifo);
suite!(redis_shared: Book(Key::new()) => lock, shared, lease, shared_lease);
suite!(redis_permits: Pool => permits, permits_lease);
suite!(redis_async: Tasks(key()) => lock);
suite!(redis_watched: Watched::new(key()) => lock, process, lease);
suite!(redis_watched_async: WatchedTasks(key()) => lock);
