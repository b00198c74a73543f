//! Sessions and connections, which are told apart; names, users and URLs.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, ErrorKind, Lease as _, Lock, Loss, Released, block_on};
use lockset_remote::Renewal;
use testbed::{Proxy, ZooKeeper as Server, eventually};

use crate::support::{LONG, SHORT, behind, job, locks, nodes, server, watches};

/// The four nodes that a server has of its own, and its root.
const EMPTY: usize = 5;

/// How many nodes there are, of whatever kind.
fn all_nodes(server: &Server) -> usize {
    let said = server.ask("srvr").unwrap();
    let count = said.lines().find_map(|line| line.strip_prefix("Node count: "));
    count.and_then(|count| count.parse().ok()).unwrap()
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
    let lock = job(&behind(&proxy), Duration::from_secs(5));
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
    let lock = job(&behind(&proxy), SHORT);
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

/// With its session its place has gone: it stands in line anew, and whoever waits for it need not
/// ask again.
#[test]
fn a_waiter_whose_session_is_over_stands_in_line_anew() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let held = job(&server.url(), LONG).lock().unwrap();
    let waiting = job(&behind(&proxy), Duration::from_secs(2)).acquire(Deadline::NEVER);
    eventually("it stands in line", || nodes(&server) == 2);
    proxy.sever();
    eventually("the server has ended its session", || nodes(&server) == 1);
    proxy.heal();
    eventually("it stands in line in another", || nodes(&server) == 2);
    assert_eq!(held.release().unwrap(), Released::InTime);
    let lease = block_on(waiting).unwrap().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// For as long as somebody has taken the permission away. Nobody asks for it any more after that.
#[test]
fn a_node_that_the_server_refused_to_remove() {
    let server = server();
    let allow = |what: &str| {
        let acl = format!("world:anyone:{what}");
        server.shell(&["setAcl", "/lockset/job", &acl]).unwrap();
    };
    let lease = job(&server.url(), LONG).lock().unwrap();
    allow("cra");
    assert_eq!(lease.release().unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(nodes(&server), 1);
    allow("cdrwa");
    eventually("it is removed", || nodes(&server) == 0);
}

/// A line that nobody stands in is removed by the server after a while, and all that was counted
/// in it.
#[test]
fn a_fence_rises_though_the_line_began_anew() {
    let server = server();
    let lock = job(&server.url(), LONG);
    let mut before = None;
    for _ in 0..2 {
        for _ in 0..3 {
            let lease = lock.lock().unwrap();
            assert!(before.is_none_or(|before| before < lease.fence()), "a fence went back");
            before = Some(lease.fence());
            assert_eq!(lease.release().unwrap(), Released::InTime);
        }
        eventually("the line is gone", || all_nodes(&server) == EMPTY);
    }
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
    eventually("the lines and what was above them are gone", || all_nodes(&server) == EMPTY);
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
