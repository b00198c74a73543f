//! The engine's promises, on the SQLite store: what is peculiar to leases beyond the conformance
//! suite, and the ways in which a user can get it wrong.

#![cfg(feature = "sqlite")]

use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{
    AsyncLock, Deadline, DynLeaseLock, End, ErrorKind, Fence, Lease as _, Lock, Loss, Released,
    block_on,
};
use lockset_remote::{Locks, RemoteLock, Renewal, sqlite::Sqlite};
use tempfile::TempDir;

fn lock() -> (RemoteLock, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let locks = Locks::new(Sqlite::open(dir.path().join("locks.db")).unwrap());
    (locks.lock("job").unwrap(), dir)
}

#[test]
fn a_lease_is_renewed_beyond_its_ttl() {
    let (lock, _dir) = lock();
    let ttl = Duration::from_secs(1);
    let lease = lock.with_ttl(ttl).unwrap().lock().unwrap();
    let long = Deadline::at(Instant::now() + ttl * 5 / 2);
    assert_eq!(lease.lost().wait(long), None, "lost though it should have been renewed");
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

#[test]
fn renewal_ends_at_its_ceiling() {
    let (lock, _dir) = lock();
    let ttl = Duration::from_millis(90);
    let ceiling = Renewal::UpTo(Duration::from_millis(200));
    let lease = lock.with_ttl(ttl).unwrap().with_renewal(ceiling).lock().unwrap();
    assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
    assert_eq!(lease.release().unwrap(), Released::AlreadyLost(Loss::Expired));
}

#[test]
fn a_dropped_wait_leaves_nothing_behind() {
    let (lock, _dir) = lock();
    let held = lock.lock().unwrap();
    for _ in 0..20 {
        let mut waiting = pin!(lock.lock_async());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(held.release().unwrap(), Released::InTime);
    // A ghost among the twenty would hold it for the TTL of ten seconds.
    let soon = Deadline::after(Duration::from_secs(5));
    assert!(lock.lock_until(soon).unwrap().is_some(), "a dropped waiter holds the lock");
}

/// The lock is free, so each attempt may be granted in the very moment in which it is dropped.
#[test]
fn a_wait_dropped_in_flight_leaves_nothing_behind() {
    let (lock, _dir) = lock();
    for _ in 0..50 {
        let mut attempt = pin!(lock.lock_async());
        let mut context = Context::from_waker(Waker::noop());
        let _ = attempt.as_mut().poll(&mut context);
    }
    let soon = Deadline::after(Duration::from_secs(5));
    assert!(lock.lock_until(soon).unwrap().is_some(), "a dropped attempt holds the lock");
}

#[test]
fn a_lease_needs_no_thread_and_no_runtime_of_its_own() {
    let (lock, _dir) = lock();
    let lease = block_on(lock.lock_async()).unwrap();
    // Taken on one thread, given back on another.
    let released = thread::spawn(move || block_on(lease.release_async())).join().unwrap();
    assert_eq!(released.unwrap(), Released::InTime);

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let lease = runtime.block_on(lock.lock_async()).unwrap();
    drop(runtime);
    assert!(lease.remaining() > Duration::ZERO);
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// The driver is another thread, so a thread of a runtime may wait for it.
#[test]
fn a_thread_of_a_runtime_may_wait_as_well() {
    let (lock, _dir) = lock();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let lease = lock.lock().unwrap();
        assert!(lock.try_lock_async().await.unwrap().is_none());
        assert_eq!(lease.release().unwrap(), Released::InTime);
        // More often than a task may go on without giving way: what waits here never does.
        for _ in 0..200 {
            assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
        }
    });
}

#[test]
fn which_lock_it_is_can_be_decided_at_run_time() {
    let (lock, _dir) = lock();
    let any: Box<dyn DynLeaseLock> = Box::new(lock);
    let lease = any.dyn_lease().unwrap();
    assert!(any.dyn_try_lease().unwrap().is_none());
    assert!(lease.fence() > Fence::new(0));
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// On the caller's own runtime the same holds; what is dropped is seen through by that runtime.
#[test]
fn the_driver_may_be_a_runtime_of_the_callers() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(dir.path().join("locks.db")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lock = Locks::on(runtime.handle(), store).lock("job").unwrap();
    runtime.block_on(async {
        let lease = lock.lock_async().await.unwrap();
        assert!(lock.try_lock_async().await.unwrap().is_none());
        // Given up at the first step, and in the middle of a wait.
        for _ in 0..20 {
            let mut given_up = pin!(lock.lock_async());
            assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        drop(lease);
        let lease = lock.lock_async().await.unwrap();
        // Nobody would do what this thread waits for.
        assert_eq!(lock.lock().unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(lock.try_lock().unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(lease.renew().unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(lease.release_async().await.unwrap(), Released::InTime);
        // What was refused has been given back all the same.
        let lease = lock.lock_async().await.unwrap();
        assert_eq!(lease.release().unwrap_err().kind(), ErrorKind::Config);
        drop(lock.lock_async().await.unwrap());
    });
    // Another thread waits for the runtime, which has to run for that.
    let waiting = thread::spawn({
        let lock = lock.clone();
        move || lock.lock().unwrap()
    });
    let lease = runtime.block_on(async move {
        while !waiting.is_finished() {
            tokio::task::yield_now().await;
        }
        waiting.join().unwrap()
    });
    drop(lease);
}

#[test]
fn a_lease_goes_to_another_process_as_a_ticket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    let locks = || Locks::new(Sqlite::open(&path).unwrap());
    let (one, other) = (locks(), locks());
    let lease = one.lock("job").unwrap().lock().unwrap();
    let (fence, watcher) = (lease.fence(), lease.lost());
    let ticket = lease.into_ticket();
    assert_eq!(watcher.wait(Deadline::NEVER), Some(End::Released), "it is no loss");
    assert!(one.lock("job").unwrap().try_lock().unwrap().is_none(), "it was given back");
    let text = ticket.to_string();
    let resumed = other.resume(text.parse().unwrap()).unwrap();
    assert_eq!(resumed.fence(), fence);
    assert_eq!(resumed.release().unwrap(), Released::InTime);
    let late = other.resume(text.parse().unwrap()).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Lost);
    assert!(late.to_string().contains("\"job\""), "{late}");
}

/// SQLite answers "busy" to some of those who create one database at once.
#[test]
fn many_may_open_a_new_database_at_once() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("locks.db");
        let start = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    let locks = Locks::new(Sqlite::open(&path).unwrap());
                    assert!(locks.lock("job").unwrap().try_lock().is_ok());
                });
            }
        });
    }
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let locks = Locks::new(Sqlite::open(dir.path().join("locks.db")).unwrap());
    assert_eq!(locks.lock("").unwrap_err().kind(), ErrorKind::InvalidName);
    assert_eq!(locks.lock("a\0b").unwrap_err().kind(), ErrorKind::InvalidName);
    let ttl = |millis| locks.lock("job").unwrap().with_ttl(Duration::from_millis(millis));
    assert_eq!(ttl(0).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(ttl(u64::MAX).unwrap_err().kind(), ErrorKind::Config);

    for nowhere in ["", ":memory:"] {
        assert_eq!(Sqlite::open(nowhere).unwrap_err().kind(), ErrorKind::Config, "{nowhere:?}");
    }
    // No URI, whose options could switch locking off, but a file of this odd name.
    let odd = format!("file:lockset-odd-{}?mode=memory", std::process::id());
    drop(Sqlite::open(&odd).unwrap());
    std::fs::remove_file(&odd).expect("it is a file");
    for rest in ["-wal", "-shm"] {
        // SQLite has removed them with its last connection, or is about to.
        let _ = std::fs::remove_file(format!("{odd}{rest}"));
    }

    let missing = Sqlite::open(dir.path().join("no/such/dir/locks.db")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Unavailable);
    std::fs::write(dir.path().join("text"), "this is not a database, and long enough to tell")
        .unwrap();
    let no_database = Sqlite::open(dir.path().join("text")).unwrap_err();
    assert_eq!(no_database.kind(), ErrorKind::Unavailable);
}
