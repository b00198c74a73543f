//! Leases kept by one MariaDB server, which speaks MySQL's protocol and has its locks.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use lockset_conformance::{QueueSubject, Watched, process, suite};
use lockset_remote::{Locks, mysql::Mysql};

use super::{Kept, Store, Tasks, WatchedTasks};

/// One server for all tests, and a name for each.
static SERVER: LazyLock<testbed::MariaDb> =
    LazyLock::new(|| testbed::MariaDb::start().unwrap_or_else(|error| panic!("{error}")));
static NEXT: AtomicU64 = AtomicU64::new(0);

struct Row(u64);

impl Row {
    fn new() -> Kept<Self> {
        // Relaxed: the number only has to be unlike every other.
        Kept(Self(NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    fn name(&self) -> String {
        format!("job-{}", self.0)
    }
}

impl Store for Row {
    const PEER: &'static str = "mysql_store::peer";

    fn address(&self) -> String {
        format!("{}#{}", SERVER.url(), self.name())
    }

    fn locks(address: &str) -> Locks {
        Locks::new(Mysql::new(address).expect("a URL"))
    }
}

#[test]
fn peer() {
    process::serve::<Kept<Row>>();
}

impl QueueSubject for Kept<Row> {
    fn waiting(&self) -> usize {
        let locks = Row::locks(&SERVER.url());
        locks.inspect(&self.0.name()).expect("the server tells").waiters.len()
    }
}

suite!(mysql: Row::new() => lock, process, lease, fifo);
suite!(mysql_async: Tasks(Row::new()) => lock);
suite!(mysql_watched: Watched::new(Row::new()) => lock, process, lease);
suite!(mysql_watched_async: WatchedTasks(Row::new()) => lock);
