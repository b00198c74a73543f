//! Three servers that agree with each other: what becomes of leases when they cannot, and when a
//! holder is stopped for longer than they wait for it.

#![cfg(any(feature = "etcd", feature = "zookeeper"))]

mod account;
mod cluster;
mod holder;
mod majority;
mod stopped;
