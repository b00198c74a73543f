//! ZooKeeper and its faults, and the bugs that clients of it have shipped: a real server, and
//! three.

#![cfg(feature = "zookeeper")]

use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, ErrorKind, Lease as _, Lock, Loss, Released, block_on};
use lockset_remote::{Locks, RemoteLock, Renewal, zookeeper::ZooKeeper};
use testbed::{Proxy, ZooKeeper as Server, ZooKeeperCluster, eventually};

fn server() -> Server {
    Server::start().unwrap_or_else(|error| panic!("{error}"))
}

fn locks(url: &str) -> Locks {
    Locks::new(ZooKeeper::new(url).unwrap())
}

fn job(url: &str, ttl: Duration) -> RemoteLock {
    locks(url).lock("job").unwrap().with_ttl(ttl).unwrap()
}

const SHORT: Duration = Duration::from_millis(600);
const LONG: Duration = Duration::from_secs(60);

/// How many watches the server has, of which a session has one for each node at most.
fn watches(server: &Server) -> usize {
    let said = server.ask("mntr").unwrap();
    let total = said.lines().find_map(|line| line.strip_prefix("zk_watch_count"));
    total.and_then(|count| count.trim().parse().ok()).unwrap()
}

/// How many ephemeral nodes it knows of.
fn nodes(server: &Server) -> usize {
    server.ask("dump").unwrap().lines().filter(|line| line.starts_with("\t/lockset/")).count()
}

#[test]
fn an_unreachable_server_is_an_error_at_once() {
    let mut server = server();
    let url = server.url();
    server.kill().unwrap();
    let asked = Instant::now();
    let error = job(&url, LONG).lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[test]
fn a_session_that_is_too_short_is_refused_and_it_is_said_what_to_do() {
    let server = server();
    let error = job(&server.url(), Duration::from_secs(600)).lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let told = core::error::Error::source(&error).unwrap().to_string();
    assert!(told.contains("maxSessionTimeout") && told.contains("take a TTL of"), "{told}");
}

/// The connection breaks, the session does not: the lock is kept, by the holder and in the line.
#[test]
fn a_reconnection_is_no_loss_and_costs_no_place() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lock = job(&format!("zk://{}", proxy.addr()), Duration::from_secs(5));
    let first = lock.lock().unwrap();
    let second = lock.acquire(Deadline::NEVER);
    eventually("the second waits", || watches(&server) > 0);
    let third = job(&server.url(), LONG).acquire(Deadline::NEVER);
    eventually("the third waits", || watches(&server) > 1);
    proxy.cut();
    first.renew().unwrap();
    assert_eq!(first.release().unwrap(), Released::InTime);
    let second = block_on(second).unwrap().unwrap();
    assert_eq!(nodes(&server), 2, "a place was given up and taken anew");
    assert_eq!(second.release().unwrap(), Released::InTime);
    let third = block_on(third).unwrap().unwrap();
    assert_eq!(third.release().unwrap(), Released::InTime);
}

/// The session is over, and every lease on it; new attempts have a new one.
#[test]
fn a_session_that_is_over_is_a_loss_and_another_is_made() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lock = job(&format!("zk://{}", proxy.addr()), SHORT);
    let lease = lock.lock().unwrap();
    proxy.sever();
    assert_eq!(lease.lost().wait(Deadline::after(LONG)), Some(End::Lost(Loss::Expired)));
    eventually("the server has ended the session", || nodes(&server) == 0);
    let next = job(&server.url(), LONG).lock().unwrap();
    proxy.heal();
    assert_eq!(lease.release().unwrap(), Released::AlreadyLost(Loss::Expired));
    assert_eq!(next.release().unwrap(), Released::InTime);
    let again = lock.lock_until(Deadline::after(LONG)).unwrap().expect("it is free");
    assert_eq!(again.release().unwrap(), Released::InTime);
}

#[test]
fn names_are_told_apart_and_nothing_is_left_of_them() {
    let server = server();
    let locks = locks(&format!("{}/apps/billing", server.url()));
    let names =
        ["a/b", "a%2Fb", "a", ".", "..", ".a", "a b", "Größe", "zookeeper", &"x/".repeat(200)];
    let leases = names.map(|name| locks.lock(name).unwrap().lock().unwrap());
    for (name, lease) in names.iter().zip(&leases) {
        let status = locks.inspect(name).unwrap();
        assert_eq!(status.holders.len(), 1, "{name}");
        assert_eq!(status.fence, Some(lease.fence()), "{name}");
        assert!(status.holders[0].holder.contains("(pid "), "{status:?}");
    }
    drop(leases);
    // The four nodes that a server has of its own, and its root.
    let count = || {
        let said = server.ask("srvr").unwrap();
        said.lines().find_map(|line| line.strip_prefix("Node count: ")?.parse::<usize>().ok())
    };
    eventually("the lines and what was above them are gone", || count() == Some(5));
}

#[test]
fn a_user_has_what_nobody_else_may_touch() {
    let server = server();
    let me = format!("zk://me:hunter2@{}", server.addr());
    let lock = job(&me, LONG);
    let lease = lock.lock().unwrap();
    let other = format!("zk://other:word@{}", server.addr());
    for url in [&server.url(), &other] {
        let error = job(url, LONG).lock().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{url}: {error}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    assert_eq!(lease.release().unwrap(), Released::InTime);
    // By the same password, written otherwise.
    let again = format!("zk://me:%68unter2@{}", server.addr());
    assert_eq!(job(&again, LONG).lock().unwrap().release().unwrap(), Released::InTime);
}

/// A lease that is not renewed ends although its process, and so its session, goes on.
#[test]
fn a_lease_ends_though_its_session_lives() {
    let server = server();
    let brief = job(&server.url(), SHORT).with_renewal(Renewal::Never);
    let lease = brief.lock().unwrap();
    assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
    eventually("its node is gone", || nodes(&server) == 0);
    assert_eq!(lease.release().unwrap(), Released::AlreadyLost(Loss::Expired));
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

/// The node of a holder was removed by somebody: its successor is granted the lock, and the holder
/// kept on believing in its own until it released it.
#[test]
fn a_holder_whose_node_is_gone_and_who_is_not_told() {
    let server = server();
    let lock = job(&server.url(), Duration::from_secs(3));
    let lease = lock.lock().unwrap();
    server.shell(&["deleteall", "/lockset/job"]).unwrap();
    assert_eq!(lease.lost().wait(Deadline::after(LONG)), Some(End::Lost(Loss::Revoked)));
    assert_eq!(lease.release().unwrap(), Released::AlreadyLost(Loss::Revoked));
}

/// One server of three is killed, one is paused: leases go on, nothing is granted twice, and what
/// is waited for comes.
#[test]
fn an_ensemble_that_loses_servers() {
    let mut cluster = ZooKeeperCluster::start().unwrap_or_else(|error| panic!("{error}"));
    let ttl = Duration::from_secs(12);
    let (lock, other) = (job(&cluster.url(), ttl), job(&cluster.url(), ttl));
    let locks = locks(&cluster.url());
    let mut before = None;
    for round in 0..2 {
        // A new session may need its second try at an ensemble that has just come together.
        let mut granted = None;
        eventually("it is granted", || {
            granted = lock.lock().ok();
            granted.is_some()
        });
        let lease = granted.unwrap();
        assert!(before.is_none_or(|before| before < lease.fence()), "a fence went back");
        before = Some(lease.fence());
        let waiting = other.acquire(Deadline::NEVER);
        let line = || locks.inspect("job").is_ok_and(|status| status.waiters.len() == 1);
        eventually("the other stands in line", line);
        let leader = cluster.leader().unwrap();
        // First the leader, then another one.
        let hurt = (leader + round) % 3;
        cluster.node(hurt).pause().unwrap();
        eventually("two of them serve", || cluster.leader().is_ok_and(|new| new != hurt));
        eventually("the lease is renewed", || lease.renew().is_ok());
        cluster.node(hurt).resume().unwrap();
        cluster.wait_complete().unwrap();
        cluster.node_mut(hurt).kill().unwrap();
        eventually("two of them serve", || cluster.leader().is_ok());
        eventually("the lease is renewed", || lease.renew().is_ok());
        eventually("another asks", || {
            other.try_lock().is_ok_and(|granted| {
                assert!(granted.is_none(), "granted twice");
                true
            })
        });
        assert_eq!(lease.release().unwrap(), Released::InTime);
        let next = block_on(waiting).unwrap().unwrap();
        assert!(before.is_none_or(|before| before < next.fence()), "a fence went back");
        before = Some(next.fence());
        assert_eq!(next.release().unwrap(), Released::InTime);
        cluster.node_mut(hurt).restart().unwrap();
        cluster.wait_complete().unwrap();
    }
}
