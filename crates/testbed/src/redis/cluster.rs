//! A Redis Cluster of one's own: three masters that share the slots.

use std::net::SocketAddr;

use super::{PROGRAM, Redis};
use crate::Error;
use crate::poll::poll;
use crate::port::on_free_port_pair;

/// How many masters there are: the least with which a majority means something.
const NODES: usize = 3;

/// A cluster's keys are spread over so many slots.
const SLOTS: usize = 16384;

/// A node talks to the others on its port plus this.
const BUS_OFFSET: u16 = 10_000;

/// After how many milliseconds without an answer a node is thought to have failed. Short enough
/// for a test to wait for, long enough for a busy machine.
const NODE_TIMEOUT: &str = "1500";

/// Three Redis masters without replicas and without persistence that are one cluster.
///
/// A node that is restarted has forgotten its keys, but not that it is a part of the cluster.
/// While a node is gone, the others refuse every command (`CLUSTERDOWN`) once they have noticed.
///
/// # Examples
///
/// ```
/// let cluster = testbed::RedisCluster::start()?;
/// assert_eq!(cluster.urls().len(), 3);
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct RedisCluster {
    nodes: [Redis; NODES],
}

impl RedisCluster {
    /// Starts the nodes, and returns once all of them say that the cluster is complete: after
    /// some two seconds, which Redis insists on.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`].
    pub fn start() -> Result<Self, Error> {
        let nodes = [start_node()?, start_node()?, start_node()?];
        for (n, node) in nodes.iter().enumerate() {
            // Nodes with the same epoch would first have to agree on who gets another.
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(n + 1).to_string()])?;
            let slots: Vec<_> = slots(n).map(|slot| slot.to_string()).collect();
            let slots = slots.iter().map(String::as_str);
            node.command(&["CLUSTER", "ADDSLOTS"].into_iter().chain(slots).collect::<Vec<_>>())?;
        }
        let (ip, port) = (nodes[0].addr().ip().to_string(), nodes[0].addr().port().to_string());
        for node in &nodes[1..] {
            node.command(&["CLUSTER", "MEET", &ip, &port])?;
        }
        let cluster = Self { nodes };
        cluster.wait_complete()?;
        Ok(cluster)
    }

    /// The nodes' URLs, each enough for a client to find the others.
    #[must_use]
    pub fn urls(&self) -> [String; NODES] {
        self.nodes.each_ref().map(Redis::url)
    }

    /// The nodes' addresses.
    #[must_use]
    pub fn addrs(&self) -> [SocketAddr; NODES] {
        self.nodes.each_ref().map(Redis::addr)
    }

    /// A node, to be paused and resumed; its slots are the `index`-th third of all.
    ///
    /// # Panics
    ///
    /// If there is none: the indices are 0, 1 and 2.
    #[must_use]
    pub fn node(&self, index: usize) -> &Redis {
        &self.nodes[index]
    }

    /// A node, to be killed and restarted.
    ///
    /// # Panics
    ///
    /// As [`RedisCluster::node`].
    #[must_use]
    pub fn node_mut(&mut self, index: usize) -> &mut Redis {
        &mut self.nodes[index]
    }

    /// The index of the node that has this key.
    ///
    /// # Errors
    ///
    /// If the cluster does not say.
    pub fn node_of(&self, key: &str) -> Result<usize, Error> {
        let reply = self.nodes[0].command(&["CLUSTER", "KEYSLOT", key])?;
        let slot = reply.trim().strip_prefix(':').and_then(|slot| slot.parse().ok());
        let node = slot.and_then(|slot| (0..NODES).find(|n| slots(*n).contains(&slot)));
        node.ok_or_else(|| not_ready(reply))
    }

    /// Waits until every node says that the cluster is complete, as after a restart.
    ///
    /// # Errors
    ///
    /// [`Error::NotReady`] if that takes more than 30 seconds.
    pub fn wait_complete(&self) -> Result<(), Error> {
        let knows_all = |info: String| {
            let known = format!("cluster_known_nodes:{NODES}");
            ["cluster_state:ok", &known].iter().all(|said| info.lines().any(|line| line == *said))
        };
        let info = |node: &Redis| node.command(&["CLUSTER", "INFO"]);
        if poll(|| self.nodes.iter().all(|node| info(node).is_ok_and(knows_all))) {
            return Ok(());
        }
        let said = self.nodes.iter().map(|node| info(node).unwrap_or_else(|e| e.to_string()));
        Err(not_ready(said.collect::<Vec<_>>().join("\n")))
    }
}

fn start_node() -> Result<Redis, Error> {
    on_free_port_pair(BUS_OFFSET, |addr| {
        Redis::start_at(addr, |_| {
            let args = ["--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT];
            Ok(args.map(Into::into).into())
        })
    })
}

/// The `n`-th share of the slots.
fn slots(n: usize) -> std::ops::Range<usize> {
    n * SLOTS / NODES..(n + 1) * SLOTS / NODES
}

fn not_ready(log: String) -> Error {
    Error::NotReady { program: PROGRAM.name, log }
}
