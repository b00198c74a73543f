//! One of three servers is killed and another one is paused: the third cannot agree with anybody.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, Lease as _, Lock, Loss, Released};
use testbed::eventually;

use crate::cluster::{Cluster, job, locks};

const TTL: Duration = Duration::from_secs(4);

/// Whoever holds a lease is told before anybody else could have it, nobody is granted anything, and
/// when there is a majority again everything goes on.
fn nothing_is_granted_and_the_holder_is_told<C: Cluster>() {
    let mut cluster = C::start();
    let (lock, next) = (job(&cluster.url(), TTL), job(&cluster.url(), TTL));
    let mut before = None;
    // The leader is killed, or paused, or left alone.
    for round in 0..3 {
        let mut granted = None;
        eventually("it is granted", || {
            granted = lock.lock().ok();
            granted.is_some()
        });
        let lease = granted.unwrap();
        let fence = lease.fence();
        assert!(before.is_none_or(|before| before < fence), "a fence went back");
        let mut waiting = pin!(next.acquire(Deadline::NEVER));
        let watched = locks(&cluster.url());
        let line = || watched.inspect("job").is_ok_and(|status| status.waiters.len() == 1);
        eventually("the other stands in line", line);

        let leader = cluster.leader();
        let (one, other) = ((leader + 1) % 3, (leader + 2) % 3);
        let (killed, paused) = [(leader, one), (one, leader), (one, other)][round];
        lease.renew().unwrap();
        cluster.kill(killed);
        cluster.pause(paused);
        // No renewal was asked for later, so no session can end sooner.
        let earliest = Instant::now() + TTL;
        let told = lease.lost().wait(Deadline::at(earliest));
        assert_eq!(told, Some(End::Lost(Loss::Expired)), "not told before its session could end");
        assert!(!matches!(lock.try_lock(), Ok(Some(_))), "granted without a majority");
        let news = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(!matches!(news, Poll::Ready(Ok(Some(_)))), "granted without a majority");

        cluster.resume(paused);
        cluster.restart(killed);
        cluster.wait_complete();
        assert!(matches!(lease.release(), Ok(Released::AlreadyLost(_)) | Err(_)));
        // Who waited is granted the lock, or was told that it waits in vain and asks again.
        let waited = match news {
            Poll::Pending => lockset_api::block_on(waiting).ok().flatten(),
            Poll::Ready(_) => None,
        };
        let mut granted = waited;
        eventually("it is granted", || {
            granted = granted.take().or_else(|| next.lock().ok());
            granted.is_some()
        });
        let successor = granted.unwrap();
        assert!(successor.fence() > fence, "a fence went back");
        before = Some(successor.fence());
        successor.renew().unwrap();
        assert_eq!(successor.release().unwrap(), Released::InTime);
    }
}

#[cfg(feature = "etcd")]
#[test]
fn two_of_three_servers_of_etcd_are_gone() {
    nothing_is_granted_and_the_holder_is_told::<testbed::EtcdCluster>();
}

#[cfg(feature = "zookeeper")]
#[test]
fn two_of_three_servers_of_zookeeper_are_gone() {
    nothing_is_granted_and_the_holder_is_told::<testbed::ZooKeeperCluster>();
}
