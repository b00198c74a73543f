//! What is wrong with the file, each with an error that says what, where, and what to do.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Error, ErrorKind, Lease as _, Lock};
use lockset_remote::{Locks, RemoteLock, sqlite::Sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

fn database() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    (dir, path)
}

fn lock(path: &Path) -> RemoteLock {
    Locks::new(Sqlite::open(path).unwrap()).lock("job").unwrap()
}

/// The whole of an error names the file and says each of these.
#[track_caller]
fn says(error: &Error, path: &Path, words: &[&str]) {
    let text = format!("{error:?}");
    assert!(text.contains(path.to_str().unwrap()), "it does not say where: {text}");
    for word in words {
        assert!(text.contains(word), "it does not say {word:?}: {text}");
    }
}

#[test]
fn what_is_no_database_is_said_to_be_none() {
    let (dir, path) = database();
    fs::write(&path, "this is not a database, and long enough to tell".repeat(30)).unwrap();
    let error = Sqlite::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    says(&error, &path, &["no SQLite database", "integrity_check"]);

    let error = Sqlite::open(dir.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    says(&error, dir.path(), &["cannot be opened", "name a file"]);

    let nowhere = dir.path().join("no/such/locks.db");
    let error = Sqlite::open(&nowhere).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    says(&error, &nowhere, &["cannot be opened", "directory that exists"]);
}

#[test]
fn a_damaged_file_is_said_to_be_damaged() {
    let (_dir, path) = database();
    drop(Sqlite::open(&path).unwrap());
    let file = Connection::open(&path).unwrap();
    // More than a page of them.
    file.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO lockset_lock (name, fence) SELECT 'filler ' || i, 1 FROM n;
         PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .unwrap();
    drop(file);
    let length = fs::metadata(&path).unwrap().len();
    let mut file = fs::File::options().write(true).open(&path).unwrap();
    // The first page is whole: it opens, and what it says of the others is no longer so.
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(length).unwrap() - 4096]).unwrap();
    drop(file);
    let error = match Sqlite::open(&path) {
        Err(error) => error,
        Ok(store) => Locks::new(store).lock("job").unwrap().try_lock().unwrap_err(),
    };
    assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Denied), "{error:?}");
    says(&error, &path, &["damaged", "integrity_check"]);
}

#[test]
fn a_long_transaction_of_another_program_is_waited_for_and_then_told() {
    let (_dir, path) = database();
    let lock = lock(&path).with_ttl(Duration::from_secs(1)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = Instant::now();
    let error = lock.try_lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    says(&error, &path, &["keeps the database locked", "fuser"]);
    let waited = asked.elapsed();
    assert!(waited > Duration::from_millis(500), "it was hardly waited for: {waited:?}");
    assert!(waited < Duration::from_secs(20), "{waited:?}");
    // Who has less patience is not held up for longer.
    let asked = Instant::now();
    assert!(lock.lock_until(Deadline::after(Duration::from_millis(50))).unwrap().is_none());
    assert!(asked.elapsed() < Duration::from_millis(700), "{:?}", asked.elapsed());
    // To open what is there already is no matter of its own.
    let also = Locks::new(Sqlite::open(&path).unwrap()).lock("job").unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    drop(also.lock().unwrap());
    drop(lock.lock().unwrap());
}

#[test]
fn a_file_that_was_deleted_or_replaced_is_not_worked_with() {
    let (dir, path) = database();
    let lock = lock(&path).with_ttl(Duration::from_secs(1)).unwrap();
    let held = lock.lock().unwrap();
    for rest in ["", "-wal", "-shm"] {
        fs::remove_file(dir.path().join(format!("locks.db{rest}"))).unwrap();
    }
    let error = lock.try_lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    says(&error, &path, &["deleted or replaced", "start them again"]);
    // Whoever opens it anew has other locks. The holder cannot renew, so it is told before long.
    drop(Sqlite::open(&path).unwrap());
    assert_eq!(lock.try_lock().unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(
        held.lost().wait(Deadline::after(Duration::from_secs(20))),
        Some(lockset_api::End::Lost(lockset_api::Loss::Expired))
    );
}
