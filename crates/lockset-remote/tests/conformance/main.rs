//! Every store does what every lock, every lock between processes and every lease must do.

#![cfg(any(
    feature = "etcd",
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "zookeeper"
))]

#[cfg(feature = "etcd")]
mod etcd_faults;
#[cfg(feature = "etcd")]
mod etcd_store;
#[cfg(any(
    feature = "etcd",
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "zookeeper"
))]
mod hurt;
#[cfg(feature = "mysql")]
mod mysql_faults;
#[cfg(feature = "mysql")]
mod mysql_store;
#[cfg(feature = "postgres")]
mod postgres_faults;
#[cfg(feature = "postgres")]
mod postgres_store;
#[cfg(feature = "redis")]
mod redis_faults;
#[cfg(feature = "redis")]
mod redis_store;
#[cfg(all(feature = "redlock", feature = "redis", feature = "sqlite"))]
mod redlock_store;
#[cfg(any(
    feature = "etcd",
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "zookeeper"
))]
mod served;
#[cfg(feature = "sqlite")]
mod sqlite_faults;
#[cfg(feature = "sqlite")]
mod sqlite_store;
#[cfg(feature = "zookeeper")]
mod zookeeper_faults;
#[cfg(feature = "zookeeper")]
mod zookeeper_store;

use std::time::Duration;

use lockset_api::Blocking;
use lockset_checked::Checked;
use lockset_conformance::{LeaseSubject, ProcessSubject, Subject};
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
