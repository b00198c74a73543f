//! What is special about leases kept by ZooKeeper: sessions that outlive connections, nodes that
//! nobody may be left behind by, and an ensemble whose servers fail.

#![cfg(feature = "zookeeper")]

mod bugs;
mod ensemble;
mod promises;
mod sessions;
mod support;
#[cfg(feature = "zookeeper-tls")]
mod tls;
