//! Leases kept by one etcd server, and by three: alone, shared, by permits, in a line.

use std::sync::LazyLock;

use lockset_conformance::{Watched, process, suite};
use lockset_remote::{Locks, etcd::Etcd};

use super::served::{Key, Served, book, key, pool};
use super::{Kept, Tasks, WatchedTasks};

/// For all tests.
static SERVER: LazyLock<testbed::Etcd> =
    LazyLock::new(|| testbed::Etcd::start().unwrap_or_else(|error| panic!("{error}")));
static CLUSTER: LazyLock<testbed::EtcdCluster> =
    LazyLock::new(|| testbed::EtcdCluster::start().unwrap_or_else(|error| panic!("{error}")));

struct Alone;

impl Served for Alone {
    const PEER: &'static str = "etcd_store::peer";

    fn url() -> String {
        SERVER.url()
    }

    fn connect(url: &str) -> Locks {
        Locks::new(Etcd::new(url).expect("a URL"))
    }
}

#[test]
fn peer() {
    process::serve::<Kept<Key<Alone>>>();
}

struct Cluster;

impl Served for Cluster {
    const PEER: &'static str = "etcd_store::cluster_peer";

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

suite!(etcd: key::<Alone>() => lock, process, lease, fifo);
suite!(etcd_shared: book::<Alone>() => lock, shared, lease, shared_lease);
suite!(etcd_permits: pool::<Alone>() => permits, permits_lease);
suite!(etcd_async: Tasks(key::<Alone>()) => lock);
suite!(etcd_watched: Watched::new(key::<Alone>()) => lock, process, lease);
suite!(etcd_watched_async: WatchedTasks(key::<Alone>()) => lock);

suite!(three: key::<Cluster>() => lock, process, lease, fifo);
suite!(three_shared: book::<Cluster>() => shared, shared_lease);
suite!(three_permits: pool::<Cluster>() => permits, permits_lease);
