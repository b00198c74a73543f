//! A holder whose process is really stopped (SIGSTOP) past its session, and goes on behind its
//! check.

use std::time::Duration;

use lockset_api::{Deadline, Lease as _, Lock, Released};

use crate::account::Account;
use crate::cluster::{Cluster, job};
use crate::holder::{Holder, TTL};

const LONG: Duration = Duration::from_secs(60);

/// How long after its TTL a lock that nobody answers for may be kept, at most: each backend's page
/// says what its servers add to a TTL, and this is more than either of them.
const MARGIN: Duration = Duration::from_secs(3);

fn is_succeeded_refused_and_told<C: Cluster>() {
    let cluster = C::start();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("account.db");
    let account = Account::create(&path);
    let mut holder = Holder::start(&cluster.url(), &path);
    let stopped: u64 = holder.answer().parse().unwrap();
    assert_eq!(holder.ask("write 1"), "written");
    holder.stop();
    let next = job(&cluster.url(), LONG);
    let next = next.lock_until(Deadline::after(TTL + MARGIN)).unwrap();
    let next = next.expect("the lock is kept for one that does not answer");
    assert!(next.fence().value() > stopped, "{} after {stopped}", next.fence());
    account.write(next.fence(), 2).unwrap();
    holder.go_on();
    assert_eq!(holder.ask("write 3"), "refused Lost");
    assert_eq!(account.cents(), 2);
    assert_eq!(holder.ask("told"), "Some(Lost(Expired))");
    // Whatever it does about its lease is nothing to the next one's.
    drop(holder);
    assert!(job(&cluster.url(), LONG).try_lock().unwrap().is_none());
    assert_eq!(next.release().unwrap(), Released::InTime);
}

#[cfg(feature = "etcd")]
#[test]
fn a_holder_of_etcd_that_is_stopped_past_its_session() {
    is_succeeded_refused_and_told::<testbed::EtcdCluster>();
}

#[cfg(feature = "zookeeper")]
#[test]
fn a_holder_of_zookeeper_that_is_stopped_past_its_session() {
    is_succeeded_refused_and_told::<testbed::ZooKeeperCluster>();
}
