//! Sessions: one for several leases, some of which end while others go on, and what becomes of
//! all of them when it is lost.

use std::time::Duration;

use lockset_api::{Deadline, End, Lease as _, Lock, Loss, Name, Released, block_on};
use lockset_remote::{Attempt, LeaseStore, Renewal, Request, Wake, etcd::Etcd};
use testbed::{Etcd as Server, eventually};
use tokio::runtime::Builder;

use crate::support::{BRIEF, LONG, job, keys, locks, server, sessions, until_waiting};

/// As an administrator could.
fn end_all_sessions(server: &Server) {
    for id in sessions(server) {
        server.post("/v3/lease/revoke", &format!(r#"{{"ID":"{id}"}}"#)).unwrap();
    }
}

#[test]
fn locks_of_one_ttl_share_a_session() {
    let server = server();
    let locks = locks(&server.url());
    let one = locks.lock("one").unwrap().lock().unwrap();
    let two = locks.lock("two").unwrap().lock().unwrap();
    assert_eq!(sessions(&server).len(), 1);
    let other = locks.lock("three").unwrap().with_ttl(LONG).unwrap().lock().unwrap();
    assert_eq!(sessions(&server).len(), 2);
    drop((one, two, other));
}

/// A holder that is stuck, and whose lease may not be renewed any more, must not keep the lock
/// because others keep the session alive.
#[test]
fn a_lease_whose_renewal_has_ended_does_not_live_as_long_as_its_session() {
    let server = server();
    let locks = locks(&server.url());
    let renewed = locks.lock("other").unwrap().with_ttl(BRIEF).unwrap().lock().unwrap();
    let ceiling = Renewal::UpTo(BRIEF);
    let lock = locks.lock("job").unwrap().with_ttl(BRIEF).unwrap().with_renewal(ceiling);
    let stuck = lock.lock().unwrap();
    assert_eq!(sessions(&server).len(), 1);
    let next = job(&server.url(), LONG).lock_until(Deadline::after(LONG / 4)).unwrap();
    assert!(next.is_some(), "kept by a stuck holder");
    assert!(stuck.lost().is_lost());
    assert!(!renewed.lost().is_lost());
    assert_eq!(renewed.release().unwrap(), Released::InTime);
}

/// A waiter that was there first, and one that is granted the lock a long time after it came.
#[test]
fn a_session_is_kept_alive_while_somebody_waits() {
    let server = server();
    let locks = locks(&server.url());
    let held = job(&server.url(), LONG).lock().unwrap();
    let waiting = locks.lock("job").unwrap().with_ttl(BRIEF).unwrap().acquire(Deadline::NEVER);
    until_waiting(&locks, 1);
    let before = sessions(&server);
    // Longer than the server keeps a session that is not kept alive.
    assert_eq!(held.lost().wait(Deadline::after(Duration::from_secs(4))), None);
    assert_eq!(sessions(&server), before);
    assert_eq!(held.release().unwrap(), Released::InTime);
    let lease = block_on(waiting).unwrap().unwrap();
    assert!(lease.remaining() > BRIEF / 4, "{:?} left", lease.remaining());
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

#[test]
fn a_session_ends_when_nobody_needs_it() {
    let server = server();
    let lock = job(&server.url(), BRIEF);
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    eventually("it has ended", || sessions(&server).is_empty());
    // And another one begins.
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
}

#[test]
fn with_its_session_every_lease_is_lost_and_the_next_has_a_new_one() {
    let server = server();
    let locks = locks(&server.url());
    let lock = |name| locks.lock(name).unwrap().with_ttl(Duration::from_secs(3)).unwrap();
    let leases = ["one", "two", "three"].map(|name| lock(name).lock().unwrap());
    end_all_sessions(&server);
    for lease in leases {
        assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Revoked)));
        assert_eq!(lease.release().unwrap(), Released::AlreadyLost(Loss::Revoked));
    }
    assert_eq!(lock("one").lock().unwrap().release().unwrap(), Released::InTime);
    assert_eq!(keys(&server), 0);
}

/// It does not know yet that its session has ended when it asks.
#[test]
fn an_attempt_finds_out_that_its_session_has_ended() {
    let server = server();
    let lock = job(&server.url(), LONG);
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    end_all_sessions(&server);
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
}

/// etcd #11456: a waiter was told that it holds the lock when its own session had ended.
///
/// The runtime that does everything for it stands still, as it does in a process that is stopped.
#[test]
fn a_waiter_whose_session_has_ended_is_granted_nothing() {
    let server = server();
    let held = job(&server.url(), LONG).lock().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let store = Etcd::new(&server.url()).unwrap();
    let request = Request::new(Name::new("job").unwrap(), BRIEF).unwrap();
    let attempt = runtime.block_on(store.attempt(&request, LONG)).unwrap();
    assert!(matches!(attempt, Attempt::Queued { .. }));
    let mut waiting = store.wait(&request, 1, LONG);
    let told = runtime.block_on(async { tokio::time::timeout(BRIEF, &mut waiting).await });
    assert!(told.is_err(), "told {told:?}");

    let locks = locks(&server.url());
    until_waiting(&locks, 0);
    assert_eq!(held.release().unwrap(), Released::InTime);
    let next = locks.lock("job").unwrap().lock().unwrap();
    assert_eq!(runtime.block_on(waiting).unwrap(), Wake::Retry);
    // It stands in line anew, at the end.
    let attempt = runtime.block_on(store.attempt(&request, LONG)).unwrap();
    assert!(matches!(attempt, Attempt::Queued { .. }));
    assert_eq!(next.release().unwrap(), Released::InTime);
    let Wake::Granted(grant) = runtime.block_on(store.wait(&request, 1, LONG)).unwrap() else {
        panic!("nobody is before it");
    };
    assert!(grant.since.elapsed() < BRIEF);
    runtime.block_on(store.release(&request)).unwrap();
}

/// Its place is gone with its session, while the lock is still held by another: it hears of that
/// then, and stands in line anew, and not when the lock is released.
#[test]
fn a_waiter_hears_of_the_loss_of_its_session() {
    let server = server();
    let locks = locks(&server.url());
    let held = job(&server.url(), LONG).lock().unwrap();
    let of_holder = sessions(&server);
    let waiting = job(&server.url(), Duration::from_secs(3)).acquire(Deadline::NEVER);
    until_waiting(&locks, 1);
    let of_waiter = || {
        let all = sessions(&server);
        all.into_iter().find(|id| !of_holder.contains(id))
    };
    let before = of_waiter().expect("it waits");
    server.post("/v3/lease/revoke", &format!(r#"{{"ID":"{before}"}}"#)).unwrap();
    eventually("it has another session", || of_waiter().is_some_and(|now| now != before));
    until_waiting(&locks, 1);
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert_eq!(block_on(waiting).unwrap().unwrap().release().unwrap(), Released::InTime);
}
