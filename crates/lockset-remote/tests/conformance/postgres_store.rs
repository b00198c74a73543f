//! Leases kept by sessions of a PostgreSQL server: alone, shared, in a line.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockset_conformance::{LeaseSubject, QueueSubject, Subject, Watched, process, suite};
use lockset_remote::{Locks, RemoteRwLock, Renewal, postgres::Postgres};

use super::{Kept, Store, TTL, Tasks, WatchedTasks};

/// One server for all tests, and a name for each.
static SERVER: LazyLock<testbed::Postgres> =
    LazyLock::new(|| testbed::Postgres::start().unwrap_or_else(|error| panic!("{error}")));
static NEXT: AtomicU64 = AtomicU64::new(0);

fn locks() -> Locks {
    Locks::new(Postgres::new(&SERVER.url()).expect("a URL"))
}

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

impl Store for Key {
    const PEER: &'static str = "postgres_store::peer";

    fn address(&self) -> String {
        format!("{}#{}", SERVER.url(), self.name())
    }

    fn locks(address: &str) -> Locks {
        Locks::new(Postgres::new(address).expect("a URL"))
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

suite!(postgres: key() => lock, process, lease, fifo);
suite!(postgres_shared: Book(Key::new()) => lock, shared, lease, shared_lease);
suite!(postgres_async: Tasks(key()) => lock);
suite!(postgres_watched: Watched::new(key()) => lock, process, lease);
suite!(postgres_watched_async: WatchedTasks(key()) => lock);
