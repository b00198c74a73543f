//! What is special about leases kept by etcd: sessions that several leases share, the compare
//! clause, who is let in, and servers that fail one by one.

#![cfg(feature = "etcd")]

mod access;
mod bugs;
mod leader;
mod partition;
mod promises;
mod sessions;
mod support;
mod tickets;
mod wire;
