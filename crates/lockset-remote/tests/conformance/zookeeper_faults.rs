//! Leases kept by a ZooKeeper server that is hurt.

use lockset_conformance::suite;
use lockset_remote::{Locks, zookeeper::ZooKeeper};

use super::hurt::{Hurt, one_server};

one_server!(testbed::ZooKeeper, |addr| Locks::new(
    ZooKeeper::new(&format!("zk://{addr}")).unwrap()
));

suite!(hurt: Hurt::new(testbed::ZooKeeper::start()) => faults);
