//! Leases in a SQLite database that another program keeps locked, or works on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockset_conformance::{FaultSubject, LeaseSubject, Subject, suite};
use lockset_remote::{Locks, RemoteLock, Renewal, sqlite::Sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

use super::TTL;

/// A database, and the connection of a program that is in the way.
struct Hurt {
    dir: TempDir,
    other: Mutex<Connection>,
}

impl Hurt {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("locks.db");
        // To make the tables takes a turn of its own; to open what is there already, none.
        drop(Sqlite::open(&path).expect("the database opens"));
        let other = Connection::open(&path).expect("the database opens");
        // It waits for its turn, as it should.
        other.busy_timeout(Duration::from_secs(20)).expect("a timeout");
        Self { dir, other: Mutex::new(other) }
    }

    fn other(&self) -> MutexGuard<'_, Connection> {
        self.other.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, statements: &str) {
        self.other().execute_batch(statements).expect("the other program's statements");
    }
}

impl Subject for Hurt {
    type Lock = RemoteLock;
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteLock {
        self.open_renewed(TTL)
    }
}

impl LeaseSubject for Hurt {
    fn open_brief(&self, ttl: Duration) -> RemoteLock {
        self.open_renewed(ttl).with_renewal(Renewal::Never)
    }
}

impl FaultSubject for Hurt {
    fn open_renewed(&self, ttl: Duration) -> RemoteLock {
        let store = Sqlite::open(self.dir.path().join("locks.db")).expect("the database opens");
        Locks::new(store).lock("job").and_then(|lock| lock.with_ttl(ttl)).expect("a lock")
    }

    fn cut(&self) {
        self.run("BEGIN IMMEDIATE; ROLLBACK");
    }

    fn sever(&self) {
        self.run("BEGIN IMMEDIATE");
    }

    fn heal(&self) {
        if !self.other().is_autocommit() {
            self.run("ROLLBACK");
        }
    }

    fn pause(&self) {
        self.run("BEGIN EXCLUSIVE");
    }

    fn resume(&self) {
        self.heal();
    }

    /// There is no server. What comes nearest to a start of one is that the whole file is written
    /// anew, and the log with it.
    fn restart(&self) {
        self.run("PRAGMA wal_checkpoint(TRUNCATE); VACUUM");
    }
}

suite!(sqlite_hurt: Hurt::new() => faults);
