//! What goes over the wire, as the server itself tells it (MONITOR): commands of clients, not those
//! of scripts.

#![cfg(feature = "redis")]

use std::time::Duration;

use lockset_api::{Deadline, Lease as _, Lock, Permits, Released, SharedLock};
use lockset_remote::{Locks, RemoteLock, Renewal, redis::Redis};
use testbed::Redis as Server;

fn server() -> Server {
    Server::start().unwrap_or_else(|error| panic!("{error}"))
}

fn locks(server: &Server) -> Locks {
    Locks::new(Redis::new(&server.url()).unwrap())
}

/// A lock whose scripts the server knows already.
fn warm(locks: &Locks) -> RemoteLock {
    let lock = locks.lock("job").unwrap();
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    lock
}

/// Until so many stand in line.
fn until_waiting(locks: &Locks, name: &str, count: usize) {
    testbed::eventually("all stand in line", || {
        locks.inspect(name).unwrap().waiters.len() == count
    });
}

#[test]
fn an_uncontended_acquire_is_one_command_and_so_is_a_release() {
    let server = server();
    let lock = warm(&locks(&server));
    let mut monitor = server.monitor().unwrap();
    for _ in 0..5 {
        let lease = lock.lock().unwrap();
        let acquire = monitor.commands().unwrap();
        assert_eq!(acquire.len(), 1, "{acquire:?}");
        let _ = lease.release().unwrap();
        let release = monitor.commands().unwrap();
        assert_eq!(release.len(), 1, "{release:?}");
    }
    assert!(lock.try_lock().unwrap().is_some());
    let tried = monitor.commands().unwrap();
    assert!(tried.len() <= 2, "an attempt, and at most its release: {tried:?}");
}

/// The holder has a TTL of a minute, so that only the waiting itself could send anything.
#[test]
fn a_waiter_costs_nothing_while_it_waits() {
    let server = server();
    let locks = locks(&server);
    let lock = warm(&locks).with_ttl(Duration::from_secs(60)).unwrap();
    let held = lock.lock().unwrap();
    let waiters: Vec<_> = (0..8).map(|_| lock.acquire(Deadline::NEVER)).collect();
    until_waiting(&locks, "job", 8);
    let mut monitor = server.monitor().unwrap();
    // The time that is looked at, not one that anything needs.
    let told = held.lost().wait(Deadline::after(Duration::from_secs(3)));
    assert_eq!(told, None);
    let sent = monitor.commands().unwrap();
    assert!(sent.is_empty(), "{sent:?}");
    drop(waiters);
}

#[test]
fn sixteen_waiters_are_drained_in_their_order_by_seventeen_commands() {
    let server = server();
    let locks = locks(&server);
    let lock = warm(&locks).with_renewal(Renewal::Never);
    let held = lock.lock().unwrap();
    let mut waiters = Vec::new();
    for place in 1..=16 {
        // A process each, as far as the server can tell.
        let other = self::locks(&server).lock("job").unwrap().with_renewal(Renewal::Never);
        waiters.push(other.acquire(Deadline::NEVER));
        until_waiting(&locks, "job", place);
    }
    let mut monitor = server.monitor().unwrap();
    let mut fence = held.fence();
    assert_eq!(held.release().unwrap(), Released::InTime);
    for waiter in waiters {
        // In their order, or this one would wait for ever.
        let lease = lockset_api::block_on(waiter).unwrap().unwrap();
        assert!(lease.fence() > fence);
        fence = lease.fence();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
    let sent = monitor.commands().unwrap();
    assert!(sent.len() <= 17, "{}: {sent:?}", sent.len());
}

#[test]
fn readers_and_permits_are_one_command_each_as_well() {
    let server = server();
    let locks = locks(&server);
    drop(warm(&locks));
    let (rw, permits) = (locks.rw_lock("book").unwrap(), locks.semaphore("pool", 3).unwrap());
    drop((rw.read().unwrap().release(), permits.acquire(2).unwrap().release()));
    let mut monitor = server.monitor().unwrap();
    let held = (rw.read().unwrap(), rw.read().unwrap(), permits.acquire(2).unwrap());
    let sent = monitor.commands().unwrap();
    assert_eq!(sent.len(), 3, "{sent:?}");
    drop(held);
}

/// The end of a lease was told as a time of day, by the client's clock: where that was five seconds
/// off, the lock was over when it was taken, or was kept for longer than anybody had asked.
#[test]
fn an_expiry_by_the_clients_clock() {
    let server = server();
    let locks = locks(&server);
    let mut monitor = server.monitor().unwrap();
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    held.renew().unwrap();
    let waiting = lock.acquire(Deadline::after(Duration::from_secs(20)));
    until_waiting(&locks, "job", 1);
    assert_eq!(held.release().unwrap(), Released::InTime);
    drop(lockset_api::block_on(waiting).unwrap().unwrap().release());
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let times = [now.as_secs().into(), now.as_millis(), now.as_micros(), now.as_nanos()];
    let sent = monitor.commands().unwrap();
    // The first word is when the server was told it.
    let arguments = sent.iter().flat_map(|line| line.split_whitespace().skip(1));
    let numbers = arguments.filter_map(|word| word.trim_matches('"').parse::<u128>().ok());
    // By a thousandth: some weeks of what has passed since 1970.
    let is_time = |number: u128| times.iter().any(|time| number.abs_diff(*time) < time / 1000);
    let told: Vec<_> = numbers.filter(|number| is_time(*number)).collect();
    assert!(told.is_empty(), "{told:?} in {sent:?}");
}
