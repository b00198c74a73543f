//! Leases kept by an etcd that is hurt: by one server, and by three.

use std::io;
use std::net::SocketAddr;

use lockset_conformance::suite;
use lockset_remote::{Locks, etcd::Etcd};
use testbed::EtcdCluster;

use super::hurt::{Hurt, Victim, one_server};

one_server!(testbed::Etcd, |addr| connect(&[addr]));

fn connect(addrs: &[SocketAddr]) -> Locks {
    let hosts: Vec<_> = addrs.iter().map(ToString::to_string).collect();
    Locks::new(Etcd::new(&format!("etcd://{}", hosts.join(","))).unwrap())
}

/// The three all pause together.
impl Victim for EtcdCluster {
    fn addrs(&self) -> Vec<SocketAddr> {
        self.addrs().into()
    }

    fn connect(addrs: &[SocketAddr]) -> Locks {
        connect(addrs)
    }

    fn pause(&self) -> io::Result<()> {
        (0..3).try_for_each(|n| self.node(n).pause())
    }

    fn resume(&self) -> io::Result<()> {
        (0..3).try_for_each(|n| self.node(n).resume())
    }

    /// One after the other, as an upgrade does it: two of them are always there.
    fn restart(&mut self) -> Result<(), testbed::Error> {
        (0..3).try_for_each(|n| self.node_mut(n).restart())
    }
}

suite!(etcd_hurt: Hurt::new(testbed::Etcd::start()) => faults);
suite!(three_hurt: Hurt::new(EtcdCluster::start()) => faults);
