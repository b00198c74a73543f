//! Leases kept by one Redis server, and by a cluster: alone, shared, by permits, in a line.

use std::sync::LazyLock;

use lockset_conformance::{Watched, process, suite};
use lockset_remote::{Locks, redis::Redis};

use super::served::{Key, Served, book, key, pool};
use super::{Kept, Tasks, WatchedTasks};

/// For all tests.
static SERVER: LazyLock<testbed::Redis> =
    LazyLock::new(|| testbed::Redis::start().unwrap_or_else(|error| panic!("{error}")));
static CLUSTER: LazyLock<testbed::RedisCluster> =
    LazyLock::new(|| testbed::RedisCluster::start().unwrap_or_else(|error| panic!("{error}")));

struct Alone;

impl Served for Alone {
    const PEER: &'static str = "redis_store::peer";

    fn url() -> String {
        SERVER.url()
    }

    fn connect(url: &str) -> Locks {
        Locks::new(Redis::new(url).expect("a URL"))
    }
}

#[test]
fn peer() {
    process::serve::<Kept<Key<Alone>>>();
}

struct Cluster;

impl Served for Cluster {
    const PEER: &'static str = "redis_store::cluster_peer";

    fn url() -> String {
        let [one, another, _] = CLUSTER.addrs();
        format!("redis+cluster://{one},{another}")
    }

    fn connect(url: &str) -> Locks {
        Alone::connect(url)
    }
}

#[test]
fn cluster_peer() {
    process::serve::<Kept<Key<Cluster>>>();
}

suite!(redis: key::<Alone>() => lock, process, lease, fifo);
suite!(redis_shared: book::<Alone>() => lock, shared, lease, shared_lease);
suite!(redis_permits: pool::<Alone>() => permits, permits_lease);
suite!(redis_async: Tasks(key::<Alone>()) => lock);
suite!(redis_watched: Watched::new(key::<Alone>()) => lock, process, lease);
suite!(redis_watched_async: WatchedTasks(key::<Alone>()) => lock);

suite!(cluster: key::<Cluster>() => lock, process, lease, fifo);
suite!(cluster_shared: book::<Cluster>() => shared, shared_lease);
suite!(cluster_permits: pool::<Cluster>() => permits, permits_lease);
