//! Three etcd servers that are one.

use std::io;
use std::net::SocketAddr;

use super::{Etcd, Member, PROGRAM};
use crate::poll::poll;
use crate::port::on_free_ports;
use crate::{Error, Proxy};

/// How many servers there are: the least of which one may fail.
const NODES: usize = 3;

/// Three etcd servers that are one cluster: any two of them can go on without the third.
///
/// # Examples
///
/// ```
/// let cluster = testbed::EtcdCluster::start()?;
/// assert!(cluster.leader()? < 3);
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct EtcdCluster {
    nodes: [Etcd; NODES],
    wires: Vec<Proxy>,
}

impl EtcdCluster {
    /// Starts the servers, and returns once all of them have a leader: after some two seconds.
    ///
    /// # Errors
    ///
    /// As [`Etcd::start`].
    pub fn start() -> Result<Self, Error> {
        Self::start_with(|_| Ok(Vec::new()))
    }

    /// The same with a wire to each server, by which the others reach it: see [`Self::wires`].
    ///
    /// # Errors
    ///
    /// As [`Etcd::start`].
    pub fn start_wired() -> Result<Self, Error> {
        Self::start_with(|peers| {
            let wires: io::Result<_> = peers.iter().map(|peer| Proxy::start(*peer)).collect();
            Ok(wires?)
        })
    }

    fn start_with(
        wires: impl Fn(&[SocketAddr]) -> Result<Vec<Proxy>, Error>,
    ) -> Result<Self, Error> {
        on_free_ports(|addrs: [SocketAddr; 2 * NODES]| {
            let (clients, peers) = addrs.split_at(NODES);
            let wires = wires(peers)?;
            let reached = |n: usize| wires.get(n).map_or(peers[n], Proxy::addr);
            let names: Vec<_> = (0..NODES).map(|n| format!("e{n}=http://{}", reached(n))).collect();
            let launch = |n: usize| {
                let member = Member {
                    name: format!("e{n}"),
                    addr: clients[n],
                    peer: peers[n],
                    reached: reached(n),
                    cluster: names.join(","),
                    scheme: "http",
                };
                Etcd::launch(&member, |_| Ok(Vec::new()))
            };
            let nodes = [launch(0)?, launch(1)?, launch(2)?];
            let cluster = Self { nodes, wires };
            cluster.nodes.iter().try_for_each(Etcd::wait_ready)?;
            Ok(cluster)
        })
    }

    /// The wires by which the servers reach each other, in their order: each leads to one of them.
    /// None if the cluster was [started](Self::start) without.
    ///
    /// A server speaks to another on connections that it has made itself and on those that the
    /// other has made, so to part two of them takes both their wires.
    #[must_use]
    pub fn wires(&self) -> &[Proxy] {
        &self.wires
    }

    /// The URL for a client, with all servers in it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("etcd://{}", self.addrs().map(|addr| addr.to_string()).join(","))
    }

    /// The servers' addresses.
    #[must_use]
    pub fn addrs(&self) -> [SocketAddr; NODES] {
        self.nodes.each_ref().map(Etcd::addr)
    }

    /// A server, to be paused and resumed.
    ///
    /// # Panics
    ///
    /// If there is none: the indices are 0, 1 and 2.
    #[must_use]
    pub fn node(&self, index: usize) -> &Etcd {
        &self.nodes[index]
    }

    /// A server, to be killed and restarted.
    ///
    /// # Panics
    ///
    /// As [`EtcdCluster::node`].
    #[must_use]
    pub fn node_mut(&mut self, index: usize) -> &mut Etcd {
        &mut self.nodes[index]
    }

    /// The index of the server that leads, as it says itself. One that is paused says nothing: so
    /// this waits for the election of another.
    ///
    /// # Errors
    ///
    /// [`Error::NotReady`] if nobody leads within 30 seconds.
    pub fn leader(&self) -> Result<usize, Error> {
        let leads = |node: &Etcd| {
            node.metrics().is_ok_and(|said| said.lines().any(|l| l == "etcd_server_is_leader 1"))
        };
        let mut leader = None;
        poll(|| {
            leader = self.nodes.iter().position(leads);
            leader.is_some()
        });
        leader.ok_or_else(|| {
            let said = self.nodes.iter().map(|node| match node.metrics() {
                Ok(_) => "follows\n".to_owned(),
                Err(error) => format!("{error}\n"),
            });
            Error::NotReady { program: PROGRAM.name, log: said.collect() }
        })
    }

    /// Waits until every server answers and has a leader, as after a restart.
    ///
    /// # Errors
    ///
    /// As [`Etcd::start`].
    pub fn wait_complete(&self) -> Result<(), Error> {
        self.nodes.iter().try_for_each(Etcd::wait_ready)
    }

    /// Pauses a server, and returns once another one leads, if it was the leader.
    ///
    /// # Errors
    ///
    /// As [`Etcd::pause`] and [`EtcdCluster::leader`].
    ///
    /// # Panics
    ///
    /// As [`EtcdCluster::node`].
    pub fn pause(&self, index: usize) -> Result<(), Error> {
        self.nodes[index].pause()?;
        self.leader().map(drop)
    }
}
