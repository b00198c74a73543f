//! The line in front of a lock in a SQLite database; that between processes is in `tests/sqlite/`.

use lockset_remote::{Locks, sqlite::Sqlite};
use tempfile::TempDir;

use crate::rules;

fn database() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// With a connection and a bell of its own, as another process would have.
fn locks(dir: &TempDir) -> Locks {
    Locks::new(Sqlite::open(dir.path().join("locks.db")).unwrap())
}

rules::tests!(database());
