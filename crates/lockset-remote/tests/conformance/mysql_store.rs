//! Leases kept by one MariaDB server, which speaks MySQL's protocol and has its locks.

use std::sync::LazyLock;

use lockset_conformance::{Watched, process, suite};
use lockset_remote::{Locks, mysql::Mysql};

use super::served::{Key, Served, key};
use super::{Kept, Tasks, WatchedTasks};

/// For all tests.
static SERVER: LazyLock<testbed::MariaDb> =
    LazyLock::new(|| testbed::MariaDb::start().unwrap_or_else(|error| panic!("{error}")));

struct Alone;

impl Served for Alone {
    const PEER: &'static str = "mysql_store::peer";

    fn url() -> String {
        SERVER.url()
    }

    fn connect(url: &str) -> Locks {
        Locks::new(Mysql::new(url).expect("a URL"))
    }
}

#[test]
fn peer() {
    process::serve::<Kept<Key<Alone>>>();
}

suite!(mysql: key::<Alone>() => lock, process, lease, fifo);
suite!(mysql_async: Tasks(key::<Alone>()) => lock);
suite!(mysql_watched: Watched::new(key::<Alone>()) => lock, process, lease);
suite!(mysql_watched_async: WatchedTasks(key::<Alone>()) => lock);
