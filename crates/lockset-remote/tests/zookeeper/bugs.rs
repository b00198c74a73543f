//! Bugs that clients of ZooKeeper have shipped in their locks, each by what it does to its users.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{
    AsyncLock, Deadline, End, ErrorKind, Lease as _, Lock, Loss, Permits as _, Released, block_on,
};
use lockset_remote::Renewal;
use testbed::{Proxy, eventually};

use crate::support::{LONG, SHORT, behind, job, locks, nodes, server, watches};

/// Curator #727: the session was over and the next one held the lock, and the holder had not been
/// told.
#[test]
fn a_lost_flag_that_never_fires() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lease = job(&behind(&proxy), SHORT).lock().unwrap();
    proxy.sever();
    let next = job(&server.url(), LONG).lock().unwrap();
    assert!(lease.lost().is_lost(), "two hold it, and the first was not told");
    assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// Curator #1121 and #1018: a node of the session before was still there, and was taken for the new
/// one's. The lock was held by it until the server removed it.
#[test]
fn a_node_of_the_session_before_that_is_believed_in() {
    let server = server();
    let (lock, other) = (job(&server.url(), SHORT), job(&server.url(), LONG));
    let clock = locks(&server.url()).lock("clock").unwrap().with_ttl(LONG).unwrap();
    let clock = clock.lock().unwrap();
    let mut before = clock.fence();
    for round in 0..8 {
        let lease = lock.lock().unwrap();
        assert!(lease.fence() > before, "a fence that was another's");
        // The server ends no session while it stands still, and so the client is the first to.
        server.pause().unwrap();
        assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
        let later = Duration::from_millis(150 * round);
        assert_eq!(clock.lost().wait(Deadline::after(later)), None);
        server.resume().unwrap();
        let mut granted = None;
        eventually("it is granted in a new session", || {
            granted = lock.lock_until(Deadline::after(LONG / 6)).ok().flatten();
            granted.is_some()
        });
        let next = granted.unwrap();
        assert!(next.fence() > lease.fence(), "by the node of the session before");
        eventually("nothing is left of the session before", || nodes(&server) == 2);
        next.renew().unwrap();
        assert!(other.try_lock().unwrap().is_none(), "granted twice");
        before = next.fence();
        assert_eq!(next.release().unwrap(), Released::InTime);
    }
}

/// Curator #566 and #524: a node was made by a request whose answer was lost. Nobody knew of it,
/// and everybody waited for it.
#[test]
fn a_ghost_node_that_nobody_removes() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let far = locks(&behind(&proxy));
    // What keeps the session alive, and so a node that nobody removes.
    let other = far.lock("other").unwrap().with_ttl(LONG).unwrap().lock().unwrap();
    let held = job(&server.url(), LONG).lock().unwrap();
    server.pause().unwrap();
    let lock = far.lock("job").unwrap().with_ttl(LONG).unwrap();
    let attempt = lock.lock_until(Deadline::after(Duration::from_millis(300)));
    assert!(!matches!(attempt, Ok(Some(_))), "a server that stands still has answered");
    proxy.sever();
    server.resume().unwrap();
    eventually("the server has made the node", || nodes(&server) == 3);
    proxy.heal();
    eventually("it is removed", || nodes(&server) == 2);
    for lease in [other, held] {
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// Cancelled while the request is under way, at many different moments of it.
#[test]
fn an_orphan_of_a_cancel_in_flight() {
    let server = server();
    let locks = locks(&server.url());
    // What keeps the session alive.
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
    eventually("only the other's node is there", || nodes(&server) == 1);
    assert_eq!(other.release().unwrap(), Released::InTime);
}

/// Curator #1006 and #1193: a release that met with a broken connection forgot the node, which
/// lived on with its session: no try to get the lock again succeeded.
#[test]
fn a_release_in_vain_that_forgets_the_node() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let far = locks(&behind(&proxy));
    let other = far.lock("other").unwrap().with_ttl(LONG).unwrap().lock().unwrap();
    let lock = far.lock("job").unwrap().with_ttl(LONG).unwrap();
    let lease = lock.lock().unwrap();
    // It is sent, and swallowed with its connection.
    proxy.silence();
    let kind = lease.release().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Unknown), "{kind:?}");
    assert_eq!(nodes(&server), 2);
    proxy.cut();
    let mut granted = None;
    eventually("it is free", || {
        // Whoever asks on a connection that breaks is told so.
        granted = lock.lock_until(Deadline::after(LONG / 6)).ok().flatten();
        granted.is_some()
    });
    assert_eq!(granted.unwrap().release().unwrap(), Released::InTime);
    assert_eq!(other.release().unwrap(), Released::InTime);
}

/// The lock's id was the object's, so releasing a lapsed lease removed the successor's node.
#[test]
fn a_stale_release_that_deletes_the_successor() {
    let server = server();
    let lock = job(&server.url(), SHORT).with_renewal(Renewal::Never);
    let stale = lock.lock().unwrap();
    // The same object takes it once more, when the first lease has run out.
    let next = lock.clone().with_ttl(LONG).unwrap().lock().unwrap();
    assert_eq!(stale.release().unwrap(), Released::AlreadyLost(Loss::Expired));
    assert!(lock.try_lock().unwrap().is_none(), "the stale release freed it");
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// kazoo #170: the connection broke and came back, and what was waited for had come meanwhile: the
/// waiter was never told.
#[test]
fn a_wake_up_that_was_missed_while_there_was_no_connection() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let held = job(&server.url(), LONG).lock().unwrap();
    let waiting = job(&behind(&proxy), LONG).acquire(Deadline::after(LONG / 4));
    eventually("it waits", || watches(&server) == 1);
    proxy.sever();
    assert_eq!(held.release().unwrap(), Released::InTime);
    eventually("only the waiter is in line", || nodes(&server) == 1);
    proxy.heal();
    let lease = block_on(waiting).unwrap().expect("it waits for nobody");
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// zk-ruby #49, aiozk #34: whoever gave up left its node in the line, and everybody behind it
/// waited for that.
#[test]
fn a_wait_that_timed_out_and_stays_in_line() {
    let server = server();
    let (lock, other) = (job(&server.url(), LONG), job(&server.url(), LONG));
    let held = lock.lock().unwrap();
    assert!(lock.lock_until(Deadline::after(Duration::from_millis(50))).unwrap().is_none());
    let waiting = other.acquire(Deadline::after(LONG / 4));
    eventually("one waits", || nodes(&server) == 2);
    assert_eq!(held.release().unwrap(), Released::InTime);
    let lease = block_on(waiting).unwrap().expect("nobody is before it");
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// kazoo #429: one who only tried stood in line for a moment; all others who tried then found it
/// there, and so nobody got what was free.
#[test]
fn tries_that_are_in_each_others_way() {
    let server = server();
    let locks: Vec<_> = (0..4).map(|_| job(&server.url(), LONG)).collect();
    for _ in 0..20 {
        let granted = thread::scope(|scope| {
            let tried: Vec<_> =
                locks.iter().map(|lock| scope.spawn(|| lock.try_lock().unwrap())).collect();
            tried.into_iter().filter_map(|one| one.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(granted.len(), 1, "of four who tried");
        for lease in granted {
            assert_eq!(lease.release().unwrap(), Released::InTime);
        }
    }
}

/// Curator #1112: a permit of a session that was over was never free again.
#[test]
fn a_permit_of_a_session_that_is_over() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let pool = |url: &str, ttl| locks(url).semaphore("pool", 2).unwrap().with_ttl(ttl).unwrap();
    let dead = pool(&behind(&proxy), SHORT).acquire(1).unwrap();
    let lives = pool(&server.url(), LONG).acquire(1).unwrap();
    proxy.sever();
    let next = pool(&server.url(), LONG).acquire(1).unwrap();
    assert!(dead.lost().is_lost());
    for lease in [lives, next] {
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// A ticket that is used where its session is not: the lease was said to be lost while it was held.
#[test]
fn a_ticket_in_other_hands() {
    let server = server();
    let (ours, other) = (locks(&server.url()), locks(&server.url()));
    let ticket = ours.lock("job").unwrap().lock().unwrap().into_ticket();
    let error = other.resume(ticket.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    let told = core::error::Error::source(&error).unwrap().to_string();
    assert!(told.contains("only by the `ZooKeeper` value that took it"), "{told}");
    let lease = ours.resume(ticket.clone()).unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
    for locks in [ours, other] {
        let error = locks.resume(ticket.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
    }
}

/// Curator #243: all were woken for each release, though only one of them could have the lock.
///
/// However many wait for a lock, each watches two of those before it at most.
#[test]
fn a_herd_that_wakes_up_for_every_release() {
    let server = server();
    // A session for each, as processes would have.
    let job = || job(&server.url(), LONG);
    let mut lease = job().lock().unwrap();
    // Nobody is before the holder, whom the first watches.
    let all = |waiters: usize| (2 * waiters).saturating_sub(1);
    let waiting: Vec<_> = (1..=5)
        .map(|count| {
            let waiting = job().acquire(Deadline::NEVER);
            eventually("one more waits", || watches(&server) == all(count));
            waiting
        })
        .collect();
    for (left, waiting) in (0..5).rev().zip(waiting) {
        assert_eq!(lease.release().unwrap(), Released::InTime);
        lease = block_on(waiting).unwrap().unwrap();
        eventually("the others watch as before", || watches(&server) == all(left));
    }
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// Whoever gives up leaves no watch behind, which only the end of the session would remove.
#[test]
fn watches_that_pile_up() {
    let server = server();
    let lock = job(&server.url(), LONG);
    let lease = lock.lock().unwrap();
    for _ in 0..5 {
        let soon = Deadline::after(Duration::from_millis(50));
        assert!(lock.lock_until(soon).unwrap().is_none());
    }
    eventually("nothing is watched", || watches(&server) == 0);
    assert_eq!(nodes(&server), 1, "whoever has given up still stands in line");
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// Curator #195: the node of a holder was removed by somebody: its successor is granted the lock,
/// and the holder kept on believing in its own until it released it.
#[test]
fn a_holder_whose_node_is_gone_and_who_is_not_told() {
    let server = server();
    let lock = job(&server.url(), Duration::from_secs(3));
    let lease = lock.lock().unwrap();
    server.shell(&["deleteall", "/lockset/job"]).unwrap();
    assert_eq!(lease.lost().wait(Deadline::after(LONG)), Some(End::Lost(Loss::Revoked)));
    assert_eq!(lease.release().unwrap(), Released::AlreadyLost(Loss::Revoked));
}
