//! Leases kept by sessions of a PostgreSQL server: alone, shared, in a line.

use std::sync::LazyLock;

use lockset_conformance::{Watched, process, suite};
use lockset_remote::{Locks, postgres::Postgres};

use super::served::{Key, Served, book, key};
use super::{Kept, Tasks, WatchedTasks};

/// For all tests.
static SERVER: LazyLock<testbed::Postgres> =
    LazyLock::new(|| testbed::Postgres::start().unwrap_or_else(|error| panic!("{error}")));

struct Alone;

impl Served for Alone {
    const PEER: &'static str = "postgres_store::peer";

    fn url() -> String {
        SERVER.url()
    }

    fn connect(url: &str) -> Locks {
        Locks::new(Postgres::new(url).expect("a URL"))
    }
}

#[test]
fn peer() {
    process::serve::<Kept<Key<Alone>>>();
}

suite!(postgres: key::<Alone>() => lock, process, lease, fifo);
suite!(postgres_shared: book::<Alone>() => lock, shared, lease, shared_lease);
suite!(postgres_async: Tasks(key::<Alone>()) => lock);
suite!(postgres_watched: Watched::new(key::<Alone>()) => lock, process, lease);
suite!(postgres_watched_async: WatchedTasks(key::<Alone>()) => lock);
