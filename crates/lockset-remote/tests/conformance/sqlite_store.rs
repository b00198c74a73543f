//! Leases in a SQLite database.

use lockset_conformance::{Watched, process, suite};
use lockset_remote::{Locks, sqlite::Sqlite};
use tempfile::TempDir;

use super::{Kept, Store, Tasks, WatchedTasks};

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
