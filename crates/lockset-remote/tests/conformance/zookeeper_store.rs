//! Leases kept by one ZooKeeper server, and by an ensemble: alone, shared, by permits, in a line.

use std::sync::LazyLock;

use lockset_conformance::{Watched, process, suite};
use lockset_remote::{Locks, zookeeper::ZooKeeper};

use super::served::{Key, Served, book, key, pool};
use super::{Kept, Tasks, WatchedTasks};

/// For all tests.
static SERVER: LazyLock<testbed::ZooKeeper> =
    LazyLock::new(|| testbed::ZooKeeper::start().unwrap_or_else(|error| panic!("{error}")));
static CLUSTER: LazyLock<testbed::ZooKeeperCluster> =
    LazyLock::new(|| testbed::ZooKeeperCluster::start().unwrap_or_else(|error| panic!("{error}")));

struct Alone;

impl Served for Alone {
    const PEER: &'static str = "zookeeper_store::peer";

    fn url() -> String {
        SERVER.url()
    }

    fn connect(url: &str) -> Locks {
        Locks::new(ZooKeeper::new(url).expect("a URL"))
    }
}

#[test]
fn peer() {
    process::serve::<Kept<Key<Alone>>>();
}

struct Cluster;

impl Served for Cluster {
    const PEER: &'static str = "zookeeper_store::cluster_peer";

    fn url() -> String {
        CLUSTER.url()
    }

    fn connect(url: &str) -> Locks {
        Alone::connect(url)
    }
}

#[test]
fn cluster_peer() {
    process::serve::<Kept<Key<Cluster>>>();
}

suite!(zookeeper: key::<Alone>() => lock, process, lease, fifo);
suite!(zookeeper_shared: book::<Alone>() => lock, shared, lease, shared_lease);
suite!(zookeeper_permits: pool::<Alone>() => permits, permits_lease);
suite!(zookeeper_async: Tasks(key::<Alone>()) => lock);
suite!(zookeeper_watched: Watched::new(key::<Alone>()) => lock, process, lease);
suite!(zookeeper_watched_async: WatchedTasks(key::<Alone>()) => lock);

suite!(ensemble: key::<Cluster>() => lock, process, lease, fifo);
suite!(ensemble_shared: book::<Cluster>() => shared, shared_lease);
suite!(ensemble_permits: pool::<Cluster>() => permits, permits_lease);
