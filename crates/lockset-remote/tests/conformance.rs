//! Every store does what every lock, every lock between processes and every lease must do.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockset_api::Blocking;
use lockset_checked::Checked;
use lockset_conformance::{LeaseSubject, ProcessSubject, Subject, Watched, process, suite};
use lockset_remote::{Locks, RemoteLock, Renewal};

/// How long a holder that was killed keeps the lock. Longer than the suite waits for a lock that
/// was let go, so that what only time has freed is found out.
const TTL: Duration = Duration::from_secs(8);

/// One lock of one store. Each handle connects for itself, as processes would.
trait Store: Send + Sync + 'static {
    const PEER: &'static str;

    fn address(&self) -> String;
    fn locks(address: &str) -> Locks;
}

struct Kept<S>(S);

impl<S: Store> Subject for Kept<S> {
    type Lock = RemoteLock;
    /// Each round is several exchanges with the store, and a waiter pauses between two looks.
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteLock {
        Self::connect(&self.address())
    }
}

impl<S: Store> ProcessSubject for Kept<S> {
    const PEER: &'static str = S::PEER;

    fn address(&self) -> String {
        self.0.address()
    }

    fn connect(address: &str) -> RemoteLock {
        let (store, name) = address.rsplit_once('#').expect("an address names its lock");
        S::locks(store).lock(name).and_then(|lock| lock.with_ttl(TTL)).expect("a lock")
    }
}

impl<S: Store> LeaseSubject for Kept<S> {
    fn open_brief(&self, ttl: Duration) -> RemoteLock {
        self.open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL")
    }
}

/// The async front of the same.
struct Tasks<S>(Kept<S>);

impl<S: Store> Subject for Tasks<S> {
    type Lock = Blocking<RemoteLock>;
    const ROUNDS: usize = Kept::<S>::ROUNDS;

    fn open(&self) -> Self::Lock {
        Blocking::new(self.0.open())
    }
}

/// The async front of the same, watched for deadlocks.
struct WatchedTasks<S>(Kept<S>);

impl<S: Store> Subject for WatchedTasks<S> {
    type Lock = Blocking<Checked<RemoteLock>>;
    const ROUNDS: usize = Kept::<S>::ROUNDS;

    fn open(&self) -> Self::Lock {
        Blocking::new(Checked::new(self.0.open()))
    }
}

#[cfg(feature = "sqlite")]
mod sqlite_store {
    use super::*;
    use lockset_remote::sqlite::Sqlite;
    use tempfile::TempDir;

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

    fn file() -> Kept<File> {
        Kept(File(tempfile::tempdir().expect("a temporary directory")))
    }

    #[test]
    fn peer() {
        process::serve::<Kept<File>>();
    }

    suite!(sqlite: file() => lock, process, lease);
    suite!(sqlite_async: Tasks(file()) => lock);
    suite!(sqlite_watched: Watched::new(file()) => lock, process, lease);
    suite!(sqlite_watched_async: WatchedTasks(file()) => lock);
}

#[cfg(feature = "redis")]
mod redis_store {
    use super::*;
    use lockset_remote::redis::Redis;

    /// One server for all tests, and a name for each.
    static SERVER: LazyLock<testbed::Redis> =
        LazyLock::new(|| testbed::Redis::start().unwrap_or_else(|error| panic!("{error}")));
    static NEXT: AtomicU64 = AtomicU64::new(0);

    struct Key(u64);

    impl Store for Key {
        const PEER: &'static str = "redis_store::peer";

        fn address(&self) -> String {
            format!("{}#job-{}", SERVER.url(), self.0)
        }

        fn locks(address: &str) -> Locks {
            Locks::new(Redis::new(address).expect("a URL"))
        }
    }

    fn key() -> Kept<Key> {
        // Relaxed: the number only has to be unlike every other.
        Kept(Key(NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    #[test]
    fn peer() {
        process::serve::<Kept<Key>>();
    }

    suite!(redis: key() => lock, process, lease);
    suite!(redis_async: Tasks(key()) => lock);
    suite!(redis_watched: Watched::new(key()) => lock, process, lease);
    suite!(redis_watched_async: WatchedTasks(key()) => lock);
}
