//! A ZooKeeper ensemble of one's own: three servers, of which one leads.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;

use super::{ZooKeeper, data};
use crate::Error;
use crate::port::on_free_ports;

/// The least of which one may fail.
const NODES: usize = 3;

/// In ticks: how long a server may take to join, on a busy machine.
const JOIN: u32 = 50;

/// In ticks: how long one may not be heard of before the others do without it.
const SYNC: u32 = 10;

/// Three ZooKeeper servers that are one ensemble.
///
/// A server that is gone is missed after two seconds at the latest; while two of them are there,
/// they serve.
///
/// # Examples
///
/// ```
/// let cluster = testbed::ZooKeeperCluster::start()?;
/// assert!(cluster.leader()? < 3);
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct ZooKeeperCluster {
    nodes: [ZooKeeper; NODES],
}

impl ZooKeeperCluster {
    /// Starts the servers, and returns once all of them serve.
    ///
    /// # Errors
    ///
    /// As [`ZooKeeper::start`].
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|addrs: [SocketAddr; 3 * NODES]| {
            let (clients, peers) = addrs.split_at(NODES);
            let mut config = format!("initLimit={JOIN}\nsyncLimit={SYNC}\n");
            for (n, ports) in peers.chunks(2).enumerate() {
                let (ip, peer, election) = (ports[0].ip(), ports[0].port(), ports[1].port());
                // Writing to a string cannot fail.
                let _ = writeln!(config, "server.{}={ip}:{peer}:{election}", n + 1);
            }
            let launch = |n: usize| {
                ZooKeeper::launch(clients[n], &["leader", "follower"], |dir| {
                    fs::write(data(dir).join("myid"), (n + 1).to_string())?;
                    Ok(config.clone())
                })
            };
            let cluster = Self { nodes: [launch(0)?, launch(1)?, launch(2)?] };
            cluster.wait_complete()?;
            Ok(cluster)
        })
    }

    /// The URL for a client: `zk://` and the three addresses.
    #[must_use]
    pub fn url(&self) -> String {
        format!("zk://{}", self.addrs().map(|addr| addr.to_string()).join(","))
    }

    /// The servers' addresses.
    #[must_use]
    pub fn addrs(&self) -> [SocketAddr; NODES] {
        self.nodes.each_ref().map(ZooKeeper::addr)
    }

    /// A server, to be paused and resumed.
    ///
    /// # Panics
    ///
    /// If there is none: the indices are 0, 1 and 2.
    #[must_use]
    pub fn node(&self, index: usize) -> &ZooKeeper {
        &self.nodes[index]
    }

    /// A server, to be killed and restarted. It is back once the others have taken it in, so a
    /// restart needs one of them.
    ///
    /// # Panics
    ///
    /// As [`ZooKeeperCluster::node`].
    #[must_use]
    pub fn node_mut(&mut self, index: usize) -> &mut ZooKeeper {
        &mut self.nodes[index]
    }

    /// The index of the server that leads.
    ///
    /// # Errors
    ///
    /// If none says that it does, as while they elect one.
    pub fn leader(&self) -> io::Result<usize> {
        let leads = |node: &ZooKeeper| node.mode().is_ok_and(|mode| mode == "leader");
        let leader = self.nodes.iter().position(leads);
        leader.ok_or_else(|| io::Error::other("none of the servers leads"))
    }

    /// Waits until all servers serve.
    ///
    /// # Errors
    ///
    /// [`Error::NotReady`] if one does not within 30 seconds.
    pub fn wait_complete(&self) -> Result<(), Error> {
        self.nodes.iter().try_for_each(ZooKeeper::wait_ready)
    }
}
