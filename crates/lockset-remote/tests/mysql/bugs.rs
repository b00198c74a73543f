//! Bugs that lock libraries have shipped, each by what it does to its users; those that the locks
//! and sessions of a database invite.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{
    AsyncLock, Deadline, End, ErrorKind, Lease as _, Lock, Loss, Released, block_on,
};
use lockset_remote::Renewal;
use testbed::Proxy;

use super::{LONG, SERVER, behind, job, locks, server, until_waiting};

const BRIEF: Duration = Duration::from_millis(300);

/// Long enough for whatever is under way, and far less than a lease that was left behind lasts.
fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

/// The connection went back to its pool with the lock, which others waited for until it closed.
#[test]
fn a_drop_that_gives_the_connection_back_with_its_lock() {
    let lock = job(&SERVER.url(), "bugs/drop", LONG);
    drop(lock.lock().unwrap());
    // Another session, while the first one is kept.
    assert!(job(&SERVER.url(), "bugs/drop", LONG).lock_until(soon()).unwrap().is_some());
    // Also from a runtime that ends right after it.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { drop(lock.lock_async().await.unwrap()) });
    drop(runtime);
    assert!(lock.lock_until(soon()).unwrap().is_some(), "still taken, and would be for a minute");
}

/// The statement of a waiter that was cancelled got the lock later, and its connection kept it.
#[test]
fn a_cancelled_waiter_that_gets_the_lock_later() {
    let lock = job(&SERVER.url(), "bugs/cancelled", LONG);
    let held = lock.lock().unwrap();
    let waiting: Vec<_> = (0..5).map(|_| lock.acquire(Deadline::NEVER)).collect();
    until_waiting("bugs/cancelled", 5);
    drop(waiting);
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert!(lock.lock_until(soon()).unwrap().is_some(), "held by nobody");
}

/// Cancelled while the request is under way, at many different moments of it.
#[test]
fn an_orphan_of_a_cancel_in_flight() {
    let url = SERVER.url();
    let name = |part: usize, i: usize| format!("bugs/orphan/{part}/{i}");
    thread::scope(|scope| {
        for part in 0..4 {
            let url = &url;
            scope.spawn(move || {
                let locks = locks(url);
                for i in 0..60 {
                    let lock = locks.lock(&name(part, i)).unwrap();
                    let mut attempt = pin!(lock.lock_async());
                    let _ = attempt.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    // From at once to after the answer has come.
                    for _ in 0..i * 100 {
                        thread::yield_now();
                    }
                }
            });
        }
    });
    let locks = locks(&url);
    for part in 0..4 {
        for i in 0..60 {
            let lock = locks.lock(&name(part, i)).unwrap();
            // An orphan would keep it for ten seconds; and its undoing is under way by now.
            let soon = Deadline::after(Duration::from_secs(5));
            assert!(lock.lock_until(soon).unwrap().is_some(), "{part}/{i} is held by nobody");
        }
    }
}

/// "timed out after 5 s", said after a tenth of a millisecond.
#[test]
fn a_timeout_that_does_not_wait() {
    let lock = job(&SERVER.url(), "bugs/timeout", LONG);
    let held = lock.lock().unwrap();
    let deadline = Instant::now() + BRIEF;
    assert!(lock.lock_until(Deadline::at(deadline)).unwrap().is_none());
    let late = Instant::now().saturating_duration_since(deadline);
    assert!(Instant::now() >= deadline && late < Duration::from_secs(2), "{late:?}");
    drop(held);
}

/// The lock was the object's, so releasing a lapsed lease freed the successor's.
#[test]
fn a_stale_release_that_frees_the_successor() {
    let lock = job(&SERVER.url(), "bugs/stale", BRIEF).with_renewal(Renewal::Never);
    let stale = lock.lock().unwrap();
    let next = lock.clone().with_ttl(LONG).unwrap().lock().unwrap();
    assert_eq!(stale.release().unwrap(), Released::AlreadyLost(Loss::Expired));
    assert!(lock.try_lock().unwrap().is_none(), "the stale release freed it");
    assert_eq!(next.release().unwrap(), Released::InTime);
}

#[test]
fn a_failed_extend_that_gives_the_lock_away() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let lease = job(&behind(&proxy), "bugs/extend", Duration::from_secs(5)).lock().unwrap();
    proxy.sever();
    let kind = lease.renew().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Unknown), "{kind:?}");
    let direct = job(&SERVER.url(), "bugs/extend", LONG);
    assert!(direct.try_lock().unwrap().is_none(), "the lock is gone");
    proxy.heal();
    lease.renew().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
    assert!(direct.lock_until(soon()).unwrap().is_some());
}

/// The session had ended, and with it the lock; the holder was not told.
#[test]
fn a_lost_flag_that_never_fires() {
    let mut server = server();
    let lease = job(&server.url(), "job", BRIEF).lock().unwrap();
    server.kill().unwrap();
    assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
}

#[test]
fn a_lost_flag_that_fires_at_once() {
    let lease = job(&SERVER.url(), "bugs/flag", LONG).lock().unwrap();
    assert!(!lease.lost().is_lost());
    assert_eq!(lease.lost().wait(Deadline::after(BRIEF)), None);
    assert_eq!(block_on(lease.run(async { 7 })), Ok(7));
}

/// With the server down, `acquire` went on for ever and said nothing; with one that hangs as well.
#[test]
fn an_acquire_that_never_says_that_the_server_is_down() {
    let mut server = server();
    let lock = job(&server.url(), "job", Duration::from_secs(2));
    drop(lock.lock().unwrap());
    server.pause().unwrap();
    let kind = lock.lock().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Unknown), "{kind:?}");
    server.resume().unwrap();
    assert!(lock.lock_until(soon()).unwrap().is_some());
    server.kill().unwrap();
    let kind = lock.lock().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Unknown), "{kind:?}");
    assert_eq!(lock.try_lock().unwrap_err().kind(), ErrorKind::Unavailable);
}

/// A lease whose time was over when it was handed out.
#[test]
fn a_lease_that_is_over_when_it_is_granted() {
    let one_way = Duration::from_millis(60);
    let proxy = Proxy::with_delay(SERVER.addr(), one_way).unwrap();
    let lock = job(&behind(&proxy), "bugs/over", one_way).with_renewal(Renewal::Never);
    match lock.lock() {
        Ok(lease) => panic!("granted with {:?} left", lease.remaining()),
        // Or it is over before there was a connection at all.
        Err(error) => {
            assert!(
                matches!(error.kind(), ErrorKind::Unknown | ErrorKind::Unavailable),
                "{error:?}"
            );
        }
    }
}

/// The time of a lease counted from when its waiter began to wait.
#[test]
fn a_long_wait_that_uses_the_lease_up() {
    let ttl = Duration::from_secs(2);
    // What is left of it would be little, or nothing.
    for wait in [ttl * 6 / 10, ttl + BRIEF] {
        let held = job(&SERVER.url(), "bugs/wait", LONG).lock().unwrap();
        let waiting = job(&SERVER.url(), "bugs/wait", ttl).acquire(Deadline::NEVER);
        assert_eq!(held.lost().wait(Deadline::after(wait)), None);
        assert_eq!(held.release().unwrap(), Released::InTime);
        let lease = block_on(waiting).unwrap().unwrap();
        assert!(lease.remaining() > ttl / 2, "{:?} after {wait:?}", lease.remaining());
        assert_eq!(lease.lost().wait(Deadline::after(ttl * 2)), None);
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}
