//! Processes of different users, as threads: on Linux each thread has a user of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Released};
use lockset_remote::{Locks, sqlite::Sqlite};
use rustix::process::{Uid, getuid};
use rustix::thread::set_thread_uid;

/// Does `work` as somebody who is not root, whom no permission binds.
fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let somebody = scope.spawn(|| {
            if getuid().is_root() {
                set_thread_uid(Uid::from_raw(65534)).unwrap();
            }
            work()
        });
        somebody.join().unwrap()
    })
}

/// Makes the database and closes it, with which the log beside it goes: whoever opens it next makes
/// another, which may be written by whoever may write the file then.
fn make(path: &Path) {
    drop(Sqlite::open(path).unwrap());
    testbed::eventually("it is closed", || !path.with_extension("db-wal").exists());
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn users_who_may_write_the_file_wait_for_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    permit(dir.path(), 0o777);
    make(&path);
    permit(&path, 0o666);
    let locks = || Locks::new(Sqlite::open(&path).unwrap()).lock("job").unwrap();
    let (ours, theirs) = (locks(), as_nobody(locks));
    for (one, other) in [(&ours, &theirs), (&theirs, &ours)] {
        let held = one.lock().unwrap();
        let fence = held.fence();
        let waiting = other.acquire(Deadline::NEVER);
        let inspector = Locks::new(Sqlite::open(&path).unwrap());
        testbed::eventually("it stands in line", || {
            inspector.inspect("job").unwrap().waiters.len() == 1
        });
        assert_eq!(held.release().unwrap(), Released::InTime);
        let lease = lockset_api::block_on(waiting).unwrap().unwrap();
        assert!(lease.fence() > fence);
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

#[test]
fn a_file_that_may_not_be_written_is_denied() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    permit(dir.path(), 0o777);
    make(&path);
    permit(&path, 0o444);
    let error = as_nobody(|| Sqlite::open(&path).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
    let text = format!("{error:?}");
    assert!(text.contains("locks.db") && text.contains("right to write"), "{text}");
}

#[test]
fn a_directory_that_may_not_be_written_is_denied() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    make(&path);
    permit(&path, 0o666);
    // The log cannot be made.
    permit(dir.path(), 0o555);
    let error = as_nobody(|| Sqlite::open(&path).unwrap_err());
    let text = format!("{error:?}");
    assert!(text.contains("locks.db") && text.contains("directory"), "{text}");
    permit(dir.path(), 0o777);
}
