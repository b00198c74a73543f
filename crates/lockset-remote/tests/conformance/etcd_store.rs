//! Leases kept by one etcd server, and by three: alone, shared, by permits, in a line.

use std::marker::PhantomData;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockset_conformance::{
    LeaseSubject, PermitsLeaseSubject, PermitsSubject, QueueSubject, Subject, Watched, process,
    suite,
};
use lockset_remote::{Locks, RemoteRwLock, RemoteSemaphore, Renewal, etcd::Etcd};

use super::{Kept, Store, TTL, Tasks, WatchedTasks};

/// One server for all tests, and a name for each.
static SERVER: LazyLock<testbed::Etcd> =
    LazyLock::new(|| testbed::Etcd::start().unwrap_or_else(|error| panic!("{error}")));
static CLUSTER: LazyLock<testbed::EtcdCluster> =
    LazyLock::new(|| testbed::EtcdCluster::start().unwrap_or_else(|error| panic!("{error}")));
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Which of the two.
trait Servers: Send + Sync + 'static {
    const PEER: &'static str;

    fn url() -> String;

    /// A handle with a connection and a session of its own.
    fn locks() -> Locks {
        Locks::new(Etcd::new(&Self::url()).expect("a URL"))
    }
}

struct Alone;

impl Servers for Alone {
    const PEER: &'static str = "etcd_store::peer";

    fn url() -> String {
        SERVER.url()
    }
}

struct Cluster;

impl Servers for Cluster {
    const PEER: &'static str = "etcd_store::cluster_peer";

    fn url() -> String {
        CLUSTER.url()
    }
}

struct Key<S>(u64, PhantomData<S>);

impl<S> Key<S> {
    fn new() -> Self {
        // Relaxed: the number only has to be unlike every other.
        Self(NEXT.fetch_add(1, Ordering::Relaxed), PhantomData)
    }

    fn name(&self) -> String {
        format!("jobs/{}", self.0)
    }
}

impl<S: Servers> Store for Key<S> {
    const PEER: &'static str = S::PEER;

    fn address(&self) -> String {
        format!("{}#{}", S::url(), self.name())
    }

    fn locks(address: &str) -> Locks {
        Locks::new(Etcd::new(address).expect("a URL"))
    }
}

fn key<S>() -> Kept<Key<S>> {
    Kept(Key::new())
}

#[test]
fn peer() {
    process::serve::<Kept<Key<Alone>>>();
}

#[test]
fn cluster_peer() {
    process::serve::<Kept<Key<Cluster>>>();
}

impl<S: Servers> QueueSubject for Kept<Key<S>> {
    fn waiting(&self) -> usize {
        S::locks().inspect(&self.0.name()).expect("the server tells").waiters.len()
    }
}

/// The same lock, for readers as well.
struct Book<S>(Key<S>);

impl<S: Servers> Subject for Book<S> {
    type Lock = RemoteRwLock;
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteRwLock {
        S::locks().rw_lock(&self.0.name()).and_then(|lock| lock.with_ttl(TTL)).expect("a lock")
    }
}

impl<S: Servers> LeaseSubject for Book<S> {
    fn open_brief(&self, ttl: Duration) -> RemoteRwLock {
        self.open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL")
    }
}

struct Pool<S>(PhantomData<S>);

impl<S: Servers> PermitsSubject for Pool<S> {
    type Permits = RemoteSemaphore;

    fn with_permits(&self, permits: usize) -> RemoteSemaphore {
        self.long_and_brief(permits, TTL).0
    }
}

impl<S: Servers> PermitsLeaseSubject for Pool<S> {
    fn long_and_brief(&self, permits: usize, ttl: Duration) -> (RemoteSemaphore, RemoteSemaphore) {
        let (name, permits) = (Key::<S>::new().name(), permits.try_into().expect("a few"));
        let open = || S::locks().semaphore(&name, permits).expect("a semaphore");
        let long = open().with_ttl(TTL).expect("a TTL");
        (long, open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL"))
    }
}

suite!(etcd: key::<Alone>() => lock, process, lease, fifo);
suite!(etcd_shared: Book::<Alone>(Key::new()) => lock, shared, lease, shared_lease);
suite!(etcd_permits: Pool::<Alone>(PhantomData) => permits, permits_lease);
suite!(etcd_async: Tasks(key::<Alone>()) => lock);
suite!(etcd_watched: Watched::new(key::<Alone>()) => lock, process, lease);
suite!(etcd_watched_async: WatchedTasks(key::<Alone>()) => lock);

suite!(three: key::<Cluster>() => lock, process, lease, fifo);
suite!(three_shared: Book::<Cluster>(Key::new()) => shared, shared_lease);
suite!(three_permits: Pool::<Cluster>(PhantomData) => permits, permits_lease);
