//! Leases kept by a quorum: of five Redis servers, and of three SQLite files.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use lockset_conformance::{Watched, process, suite};
use lockset_remote::{LeaseStore, Locks, redis::Redis, redlock::Redlock, sqlite::Sqlite};
use tempfile::TempDir;

use super::{Kept, Store, Tasks, WatchedTasks};

/// Five servers for all tests, and a name for each.
static SERVERS: LazyLock<[testbed::Redis; 5]> = LazyLock::new(|| {
    [(); 5].map(|()| testbed::Redis::start().unwrap_or_else(|error| panic!("{error}")))
});
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A quorum of the stores at these addresses, which `connect` connects to.
fn quorum<S: LeaseStore>(addresses: &str, connect: impl Fn(&str) -> S) -> Locks {
    let store = |address| Arc::new(connect(address)) as Arc<dyn LeaseStore>;
    Locks::new(Redlock::new(addresses.split(',').map(store).collect()).expect("a quorum"))
}

struct Masters(u64);

impl Masters {
    fn key() -> Kept<Self> {
        // Relaxed: the number only has to be unlike every other.
        Kept(Self(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Store for Masters {
    const PEER: &'static str = "redlock_store::masters_peer";

    fn address(&self) -> String {
        let urls: Vec<_> = SERVERS.iter().map(testbed::Redis::url).collect();
        format!("{}#job-{}", urls.join(","), self.0)
    }

    fn locks(address: &str) -> Locks {
        quorum(address, |url| Redis::new(url).expect("a URL"))
    }
}

#[test]
fn masters_peer() {
    process::serve::<Kept<Masters>>();
}

struct Files(TempDir);

impl Files {
    fn new() -> Kept<Self> {
        Kept(Self(tempfile::tempdir().expect("a temporary directory")))
    }
}

impl Store for Files {
    const PEER: &'static str = "redlock_store::files_peer";

    fn address(&self) -> String {
        let dir = self.0.path().display();
        format!("{dir}/1.db,{dir}/2.db,{dir}/3.db#job")
    }

    fn locks(address: &str) -> Locks {
        quorum(address, |path| Sqlite::open(path).expect("the database opens"))
    }
}

#[test]
fn files_peer() {
    process::serve::<Kept<Files>>();
}

suite!(redlock: Masters::key() => lock, process, lease);
suite!(redlock_async: Tasks(Masters::key()) => lock);
suite!(redlock_watched: Watched::new(Masters::key()) => lock, lease);
suite!(redlock_watched_async: WatchedTasks(Masters::key()) => lock);
suite!(redlock_of_files: Files::new() => lock, process, lease);
