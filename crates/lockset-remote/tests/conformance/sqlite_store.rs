//! Leases in a SQLite database: alone, shared, by permits, in a line.

use std::time::Duration;

use lockset_conformance::{
    LeaseSubject, PermitsLeaseSubject, PermitsSubject, ProcessSubject, QueueSubject, Subject,
    Watched, process, process_shared, suite,
};
use lockset_remote::{Locks, RemoteRwLock, RemoteSemaphore, Renewal, sqlite::Sqlite};
use tempfile::TempDir;

use super::{Kept, Store, TTL, Tasks, WatchedTasks};

struct File(TempDir);

impl Store for File {
    const PEER: &'static str = "sqlite_store::peer";

    fn address(&self) -> String {
        format!("{}#job", self.0.path().join("locks.db").display())
    }

    fn locks(address: &str) -> Locks {
        Locks::new(Sqlite::open(address).expect("the database opens"))
    }
}

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// A handle with a connection of its own.
    fn connect(&self) -> Locks {
        Self::locks(&self.0.path().join("locks.db").display().to_string())
    }
}

fn file() -> Kept<File> {
    Kept(File::new())
}

#[test]
fn peer() {
    process::serve::<Kept<File>>();
}

#[test]
fn shared_peer() {
    process_shared::serve::<Book>();
}

impl QueueSubject for Kept<File> {
    fn waiting(&self) -> usize {
        self.0.connect().inspect("job").expect("the database tells").waiters.len()
    }
}

/// The same lock, for readers as well.
struct Book(File);

impl Subject for Book {
    type Lock = RemoteRwLock;
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteRwLock {
        Self::connect(&self.address())
    }
}

impl ProcessSubject for Book {
    const PEER: &'static str = "sqlite_store::shared_peer";

    fn address(&self) -> String {
        self.0.address()
    }

    fn connect(address: &str) -> RemoteRwLock {
        let (file, name) = address.rsplit_once('#').expect("an address names its lock");
        File::locks(file).rw_lock(name).and_then(|lock| lock.with_ttl(TTL)).expect("a lock")
    }
}

impl LeaseSubject for Book {
    fn open_brief(&self, ttl: Duration) -> RemoteRwLock {
        self.open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL")
    }
}

struct Pool(File);

impl PermitsSubject for Pool {
    type Permits = RemoteSemaphore;

    fn with_permits(&self, permits: usize) -> RemoteSemaphore {
        self.long_and_brief(permits, TTL).0
    }
}

impl PermitsLeaseSubject for Pool {
    fn long_and_brief(&self, permits: usize, ttl: Duration) -> (RemoteSemaphore, RemoteSemaphore) {
        let permits = permits.try_into().expect("a few");
        let open = || self.0.connect().semaphore("pool", permits).expect("a semaphore");
        let long = open().with_ttl(TTL).expect("a TTL");
        (long, open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL"))
    }
}

suite!(sqlite: file() => lock, process, lease, fifo);
suite!(sqlite_shared: Book(File::new()) => lock, shared, lease, shared_lease, process_shared);
suite!(sqlite_permits: Pool(File::new()) => permits, permits_lease);
suite!(sqlite_async: Tasks(file()) => lock);
suite!(sqlite_watched: Watched::new(file()) => lock, process, lease);
suite!(sqlite_watched_async: WatchedTasks(file()) => lock);
