//! Three servers, of which one fails: killed, paused, replaced as the leader and unaware of it.

use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Lock, Released, block_on};
use testbed::{EtcdCluster, eventually};

use crate::support::{LONG, job, locks, until_waiting};

const TTL: Duration = Duration::from_secs(10);

fn cluster() -> EtcdCluster {
    EtcdCluster::start().unwrap_or_else(|error| panic!("{error}"))
}

/// In turn, whoever leads.
#[test]
fn a_server_that_is_killed_costs_no_lease_and_no_waiter() {
    let mut cluster = cluster();
    let url = cluster.url();
    let lock = job(&url, TTL);
    for _ in 0..3 {
        let held = lock.lock().unwrap();
        let waiting = job(&url, TTL).acquire(Deadline::NEVER);
        until_waiting(&locks(&url), 1);
        let leader = cluster.leader().unwrap();
        cluster.node_mut(leader).kill().unwrap();
        assert_eq!(held.lost().wait(Deadline::after(TTL)), None);
        assert_eq!(held.release().unwrap(), Released::InTime);
        let next = block_on(waiting).unwrap().unwrap();
        assert_eq!(next.release().unwrap(), Released::InTime);
        cluster.node_mut(leader).restart().unwrap();
        cluster.wait_complete().unwrap();
    }
}

/// Whichever it is, and whoever is connected to it.
#[test]
fn a_server_that_is_paused_costs_no_lease_and_no_waiter() {
    let cluster = cluster();
    let url = cluster.url();
    let lock = job(&url, TTL);
    for n in 0..3 {
        let held = lock.lock().unwrap();
        let waiting = job(&url, TTL).acquire(Deadline::NEVER);
        until_waiting(&locks(&url), 1);
        cluster.pause(n).unwrap();
        assert_eq!(held.lost().wait(Deadline::after(TTL)), None);
        assert_eq!(held.release().unwrap(), Released::InTime);
        let next = block_on(waiting).unwrap().unwrap();
        assert_eq!(next.release().unwrap(), Released::InTime);
        cluster.node(n).resume().unwrap();
        cluster.wait_complete().unwrap();
    }
}

/// The next server is asked after a second, and not when the caller has lost its patience.
#[test]
fn an_acquire_does_not_wait_for_a_server_that_is_paused() {
    let cluster = cluster();
    for n in 0..3 {
        cluster.pause(n).unwrap();
        let began = Instant::now();
        let lease = job(&cluster.url(), LONG).lock().unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(lease.release().unwrap(), Released::InTime);
        cluster.node(n).resume().unwrap();
        cluster.wait_complete().unwrap();
    }
}

/// etcd #15247: a leader that was replaced while it was paused still answers a keep-alive, which
/// its successor knows nothing of. So what is promised must be no more than what the server keeps.
#[test]
fn a_keep_alive_answered_by_a_leader_of_the_past_promises_nothing() {
    let cluster = cluster();
    for _ in 0..4 {
        let leader = cluster.leader().unwrap();
        // Only its client.
        let lease = job(&cluster.node(leader).url(), TTL).lock().unwrap();
        cluster.pause(leader).unwrap();
        let next = cluster.leader().unwrap();
        let status = || locks(&cluster.node(next).url()).inspect("job").unwrap();
        eventually("time passes after the election", || {
            status().holders[0].remaining < TTL - Duration::from_secs(3)
        });
        let renewing = lease.renew_async();
        cluster.node(leader).resume().unwrap();
        // That it fails is as good; what counts is what the holder believes afterwards.
        let renewed = block_on(renewing).is_ok();
        let (kept, believed) = (status().holders[0].remaining, lease.remaining());
        let rounding = Duration::from_secs(1);
        assert!(believed <= kept + rounding, "{believed:?}, {kept:?} on the server: {renewed}");
        cluster.wait_complete().unwrap();
        lease.renew().unwrap();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// Many take the lock in turn while every server is paused once, and nobody ever sees another.
#[test]
fn contenders_never_overlap_while_leaders_change() {
    let cluster = cluster();
    let recorder = lockset_trace::Recorder::new();
    let end = Instant::now() + Duration::from_secs(20);
    thread::scope(|scope| {
        for id in 0..4 {
            let mut actor = recorder.actor(format!("contender {id}"), "job");
            let lock = job(&cluster.url(), TTL);
            scope.spawn(move || {
                while Instant::now() < end {
                    actor.want();
                    // A write that the cluster has no leader for may be an error.
                    let Ok(lease) = lock.lock() else { continue };
                    actor.got_fenced(lease.fence().value());
                    actor.released();
                    drop(lease.release());
                }
            });
        }
        while Instant::now() < end {
            let leader = cluster.leader().unwrap();
            cluster.pause(leader).unwrap();
            cluster.node(leader).resume().unwrap();
            cluster.wait_complete().unwrap();
        }
    });
    let verdict = recorder.finish().check(1);
    assert!(verdict.violations.is_empty(), "{:?}", verdict.violations);
}
