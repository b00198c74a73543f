//! A cluster, whichever it is.

use std::time::Duration;

use lockset_remote::{Locks, RemoteLock};

/// Three servers.
pub(crate) trait Cluster {
    fn start() -> Self;
    fn url(&self) -> String;
    fn leader(&self) -> usize;
    fn kill(&mut self, node: usize);
    fn restart(&mut self, node: usize);
    fn pause(&self, node: usize);
    fn resume(&self, node: usize);
    fn wait_complete(&self);
}

macro_rules! cluster {
    ($cluster:ty) => {
        impl $crate::cluster::Cluster for $cluster {
            fn start() -> Self {
                <$cluster>::start().unwrap_or_else(|error| panic!("{error}"))
            }

            fn url(&self) -> String {
                self.url()
            }

            fn leader(&self) -> usize {
                let mut leader = None;
                testbed::eventually("one of them leads", || {
                    leader = self.leader().ok();
                    leader.is_some()
                });
                leader.unwrap()
            }

            fn kill(&mut self, node: usize) {
                self.node_mut(node).kill().unwrap();
            }

            fn restart(&mut self, node: usize) {
                self.node_mut(node).restart().unwrap_or_else(|error| panic!("{error}"));
            }

            fn pause(&self, node: usize) {
                self.node(node).pause().unwrap();
            }

            fn resume(&self, node: usize) {
                self.node(node).resume().unwrap();
            }

            fn wait_complete(&self) {
                self.wait_complete().unwrap_or_else(|error| panic!("{error}"));
            }
        }
    };
}

#[cfg(feature = "etcd")]
cluster!(testbed::EtcdCluster);
#[cfg(feature = "zookeeper")]
cluster!(testbed::ZooKeeperCluster);

/// With connections and sessions of their own, as another process would have.
pub(crate) fn locks(url: &str) -> Locks {
    #[cfg(feature = "etcd")]
    if url.starts_with("etcd:") {
        return Locks::new(lockset_remote::etcd::Etcd::new(url).unwrap());
    }
    #[cfg(feature = "zookeeper")]
    if url.starts_with("zk:") {
        return Locks::new(lockset_remote::zookeeper::ZooKeeper::new(url).unwrap());
    }
    panic!("no cluster at {url}");
}

pub(crate) fn job(url: &str, ttl: Duration) -> RemoteLock {
    locks(url).lock("job").unwrap().with_ttl(ttl).unwrap()
}
