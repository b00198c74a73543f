//! Locks that need a place to lie in.

use lockset_file::FileLock;
use lockset_remote::sqlite::Sqlite;
use lockset_remote::{Locks, RemoteLock};
use tempfile::TempDir;

/// A folder for locks that need one.
pub(crate) struct Dir(TempDir);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn file(&self, name: &str) -> FileLock {
        FileLock::open(self.0.path().join(name)).expect("the lock file opens")
    }

    pub(crate) fn lease(&self, name: &str) -> RemoteLock {
        let store = Sqlite::open(self.0.path().join("locks.db")).expect("the database opens");
        Locks::new(store).lock(name).expect("a good name")
    }
}
