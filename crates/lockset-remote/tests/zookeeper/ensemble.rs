//! Three servers, of which some fail.

use std::time::Duration;

use lockset_api::{Deadline, Lease as _, Lock, Released, block_on};
use testbed::{Direction, Proxy, ZooKeeperCluster, eventually};

use crate::support::{LONG, job, locks, server};

fn ensemble() -> ZooKeeperCluster {
    ZooKeeperCluster::start().unwrap_or_else(|error| panic!("{error}"))
}

/// One server of three is killed, one is paused: leases go on, nothing is granted twice, and what
/// is waited for comes.
#[test]
fn an_ensemble_that_loses_servers() {
    let mut cluster = ensemble();
    // A client misses a paused server after about a quarter of it, and may ask the same once more.
    // The rest has to do for an election, on a machine that has other things to do as well.
    let ttl = Duration::from_secs(24);
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

/// Servers that elect a leader close every connection: whoever comes then is not told that none can
/// be reached, but asks them again.
#[test]
fn an_ensemble_that_elects_a_leader_is_asked_again() {
    let server = server();
    let wires = [(); 2].map(|()| Proxy::start(server.addr()).unwrap());
    wires.iter().for_each(|wire| wire.cut_after(0, Direction::Replies));
    let url = format!("zk://{},{}", wires[0].addr(), wires[1].addr());
    let waiting = job(&url, LONG).acquire(Deadline::after(LONG));
    eventually("both were asked in vain", || wires.iter().all(|wire| !wire.traffic().is_empty()));
    wires.iter().for_each(Proxy::heal);
    let lease = block_on(waiting).unwrap().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
}
