//! Bugs that locks in tables have shipped, each by what it does to its users. Those of leases in
//! general are in `tests/bugs.rs`, and what the suite finds is not repeated here.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Lock, Released, SharedLock};
use lockset_remote::{Locks, RemoteLock, Renewal, sqlite::Sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::child::Child;

const BRIEF: Duration = Duration::from_millis(300);

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("locks.db")
    }

    fn locks(&self) -> Locks {
        Locks::new(Sqlite::open(self.path()).unwrap())
    }

    fn job(&self) -> RemoteLock {
        self.locks().lock("job").unwrap()
    }

    fn admin(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

/// The record of the lock is deleted with its release, and the fence with it: ShedLock's and
/// DistributedLock's tables begin with 1 again.
#[test]
fn a_fence_that_begins_anew_with_each_release() {
    let file = File::new();
    let mut latest = 0;
    for _ in 0..3 {
        let lease = file.job().lock().unwrap();
        assert!(lease.fence().value() > latest);
        latest = lease.fence().value();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// One exception of the database in the thread that renews, and no lease is renewed any more.
#[test]
fn a_renewal_that_fails_once_is_the_last() {
    let file = File::new();
    let ttl = Duration::from_secs(2);
    let lease = file.job().with_ttl(ttl).unwrap().lock().unwrap();
    let admin = file.admin();
    for _ in 0..2 {
        admin.busy_timeout(ttl).unwrap();
        admin.execute_batch("BEGIN IMMEDIATE").unwrap();
        // Long enough that a renewal falls into it and fails.
        assert_eq!(lease.lost().wait(Deadline::after(ttl * 6 / 10)), None);
        admin.execute_batch("ROLLBACK").unwrap();
        assert_eq!(lease.lost().wait(Deadline::after(ttl * 6 / 10)), None);
    }
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// The rows are believed to be there since they were once: who cleans the tables up has made a
/// lock that nobody gets.
#[test]
fn a_row_that_is_believed_to_be_there() {
    let file = File::new();
    let lock = file.job();
    drop(lock.lock().unwrap());
    file.admin().execute_batch("DELETE FROM lockset_lock; DELETE FROM lockset_lease").unwrap();
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
}

/// One time for all readers, which each of them renews: the crashed one lives as long as any.
#[test]
fn a_crashed_reader_that_others_keep_alive() {
    let file = File::new();
    let book = file.locks().rw_lock("book").unwrap();
    let crashed = book.clone().with_renewal(Renewal::Never).with_ttl(BRIEF).unwrap();
    let crashed = crashed.read().unwrap();
    let lives = book.clone().with_ttl(BRIEF).unwrap().read().unwrap();
    assert!(crashed.lost().wait(Deadline::after(BRIEF * 10)).is_some());
    let gone = || file.locks().inspect("book").unwrap().holders.len() == 1;
    testbed::eventually("one reader is left", gone);
    let writer = book.acquire(Deadline::NEVER);
    assert_eq!(lives.release().unwrap(), Released::InTime);
    let writer = lockset_api::block_on(writer).unwrap().unwrap();
    assert_eq!(writer.release().unwrap(), Released::InTime);
}

/// The lease is deleted by whoever cannot renew it: an error, and the lock is somebody else's.
#[test]
fn a_failed_renewal_that_gives_the_lock_back() {
    let file = File::new();
    let ttl = Duration::from_secs(2);
    let lease = file.job().with_ttl(ttl).unwrap().with_renewal(Renewal::Never).lock().unwrap();
    let admin = file.admin();
    admin.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(lease.renew().is_err());
    admin.execute_batch("ROLLBACK").unwrap();
    assert!(lease.lost().is_lost() || file.job().try_lock().unwrap().is_none());
}

/// Whoever gives up while its transaction is under way is granted the lock afterwards, and keeps it
/// for the TTL.
#[test]
fn a_waiter_that_is_cancelled_and_then_granted() {
    let file = File::new();
    let lock = file.job();
    let admin = file.admin();
    for _ in 0..5 {
        admin.execute_batch("BEGIN IMMEDIATE").unwrap();
        let waiting = lock.acquire(Deadline::NEVER);
        drop(waiting);
        assert!(lock.lock_until(Deadline::after(BRIEF / 10)).unwrap().is_none());
        admin.execute_batch("ROLLBACK").unwrap();
        let soon = Deadline::after(Duration::from_secs(5));
        let lease = lock.lock_until(soon).unwrap().expect("an orphan holds it");
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// A holder that was killed is followed when its TTL is over, and not when the one that was there
/// when the waiter came would have been over.
#[test]
fn a_dead_holder_that_is_waited_for_as_long_as_its_predecessor() {
    let file = File::new();
    let lock = file.job().with_ttl(Duration::from_secs(3600)).unwrap();
    let held = lock.lock().unwrap();
    let mut dead = Child::start(&file.path());
    dead.tell("lock job 500");
    let waiters = || file.locks().inspect("job").unwrap().waiters.len();
    testbed::eventually("it stands in line", || waiters() == 1);
    let next = file.job().acquire(Deadline::NEVER);
    testbed::eventually("it stands in line", || waiters() == 2);
    assert_eq!(held.release().unwrap(), Released::InTime);
    dead.granted();
    dead.kill();
    let killed = Instant::now();
    let lease = lockset_api::block_on(next).unwrap().unwrap();
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    assert_eq!(lease.release().unwrap(), Released::InTime);
}
