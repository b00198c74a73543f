//! Bugs that clients of etcd have shipped in their locks, each by what it does to its users.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{
    AsyncLock, Deadline, End, ErrorKind, Lease as _, Lock, Loss, Released, block_on,
};
use lockset_remote::Renewal;
use testbed::{Proxy, eventually};

use crate::support::{BRIEF, LONG, behind, job, keys, locks, server, sessions, until_waiting};

/// etcd #22082: the key was deleted by its name alone, which the next lease of the same session had
/// as well.
#[test]
fn a_stale_release_that_deletes_the_successor() {
    let server = server();
    let lock = job(&server.url(), BRIEF).with_renewal(Renewal::Never);
    let stale = lock.lock().unwrap();
    // The same object takes it once more, when the first lease has run out.
    let next = lock.clone().with_ttl(LONG).unwrap().lock().unwrap();
    assert_eq!(stale.release().unwrap(), Released::AlreadyLost(Loss::Expired));
    assert!(lock.try_lock().unwrap().is_none(), "the stale release freed it");
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// etcd #10111: a wait that was cancelled left its key behind, and everybody waited for it.
#[test]
fn a_cancelled_wait_that_stays_in_line() {
    let server = server();
    let locks = locks(&server.url());
    let held = job(&server.url(), LONG).lock().unwrap();
    let lock = locks.lock("job").unwrap().with_ttl(LONG).unwrap();
    for _ in 0..10 {
        let waiting = lock.acquire(Deadline::NEVER);
        until_waiting(&locks, 1);
        drop(waiting);
        until_waiting(&locks, 0);
    }
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    assert_eq!(keys(&server), 0);
}

/// Jepsen's notes on etcd: after a timeout the lock stayed taken for as long as the session.
///
/// Cancelled while the request is under way, at many different moments of it.
#[test]
fn an_orphan_of_a_cancel_in_flight() {
    let server = server();
    let url = server.url();
    // What keeps the session alive.
    let locks = locks(&url);
    let other = locks.lock("other").unwrap().with_ttl(LONG).unwrap().lock().unwrap();
    for i in 0..400 {
        let lock = locks.lock(&i.to_string()).unwrap().with_ttl(LONG).unwrap();
        let mut attempt = pin!(lock.lock_async());
        let _ = attempt.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        // From at once to after the answer has come.
        for _ in 0..i * 10 {
            thread::yield_now();
        }
    }
    eventually("only the other's key is there", || keys(&server) <= 2);
    assert_eq!(other.release().unwrap(), Released::InTime);
}

/// etcd #19597: a wake-up came between two looks, and the waiter waited for ever.
#[test]
fn a_wake_up_that_is_missed() {
    let server = server();
    thread::scope(|scope| {
        for _ in 0..4 {
            let lock = job(&server.url(), LONG);
            scope.spawn(move || {
                for _ in 0..100 {
                    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
                }
            });
        }
    });
}

/// A watch from a revision of the past is served by a loop that comes by ten times a second: a lock
/// with two contenders changed hands that often.
#[test]
fn a_hand_over_that_waits_for_the_next_tenth_of_a_second() {
    const ROUNDS: u32 = 50;
    let server = server();
    let began = std::time::Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            let lock = job(&server.url(), LONG);
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
                }
            });
        }
    });
    let each = began.elapsed() / (2 * ROUNDS);
    assert!(each < Duration::from_millis(50), "{each:?} for each");
}

/// Key names were those of sessions, so a predecessor that stood in line again, behind, was taken
/// for the one before: each waited for the other.
#[test]
fn a_predecessor_that_stands_in_line_again() {
    let server = server();
    let locks = locks(&server.url());
    let (one, other) = (job(&server.url(), LONG), job(&server.url(), LONG));
    for _ in 0..20 {
        let held = one.lock().unwrap();
        let waiting = other.acquire(Deadline::NEVER);
        until_waiting(&locks, 1);
        let again = one.acquire(Deadline::NEVER);
        assert_eq!(held.release().unwrap(), Released::InTime);
        let next = block_on(waiting).unwrap().unwrap();
        assert_eq!(next.release().unwrap(), Released::InTime);
        let last = block_on(again).unwrap().unwrap();
        assert_eq!(last.release().unwrap(), Released::InTime);
    }
}

/// One renewal that failed was a loss at once, although two thirds of the lease were left.
#[test]
fn a_failed_renewal_that_loses_the_lease() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lease = job(&behind(&proxy), Duration::from_secs(6)).lock().unwrap();
    proxy.sever();
    let kind = lease.renew().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Unknown), "{kind:?}");
    assert!(!lease.lost().is_lost());
    assert_eq!(locks(&server.url()).inspect("job").unwrap().holders.len(), 1);
    proxy.heal();
    lease.renew().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// Somebody deleted the key, and its holder was never told.
#[test]
fn a_lost_flag_that_never_fires() {
    let server = server();
    let lease = job(&server.url(), Duration::from_secs(3)).lock().unwrap();
    // Everything that starts with "lockset/".
    let all = r#"{"key":"bG9ja3NldC8=","range_end":"bG9ja3NldDA="}"#;
    server.post("/v3/kv/deleterange", all).unwrap();
    assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Revoked)));
}

/// tooz: each look at a lock that was taken began a session, which nobody needed and which stayed
/// for its TTL.
#[test]
fn a_session_for_each_look() {
    let server = server();
    let held = job(&server.url(), LONG).lock().unwrap();
    let lock = job(&server.url(), LONG);
    for _ in 0..10 {
        assert!(lock.try_lock().unwrap().is_none());
        assert!(lock.lock_until(Deadline::after(BRIEF / 20)).unwrap().is_none());
    }
    assert_eq!(sessions(&server).len(), 2, "of the one who holds it and the one who does not");
    assert_eq!(held.release().unwrap(), Released::InTime);
}

/// A connection that a router had forgotten was given up only by the operating system, after a
/// quarter of an hour: no exchange of a short lease was waited for as long as it took to doubt it.
#[test]
fn a_waiter_whose_connection_has_fallen_silent() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let held = job(&server.url(), LONG).lock().unwrap();
    let lock = job(&behind(&proxy), Duration::from_millis(200));
    let waiting = lock.acquire(Deadline::after(LONG / 4));
    until_waiting(&locks(&server.url()), 1);
    proxy.silence();
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert!(block_on(waiting).unwrap().is_some(), "it still listens to nobody");
}
