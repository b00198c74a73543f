//! The nodes of a cluster: a connection to each, and which has what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::ConnectionInfo;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::address;
use super::connection::Connection;
use super::slots::Slots;
use super::waiting::Waiting;
use super::whereabouts::Whereabouts;
use crate::store::StoreError;

/// How long a node may take to say which has what. All are asked at the same time, so it matters
/// only where none answers.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Nodes {
    /// Those that are known before any has been asked; the settings of the first hold for all.
    seeds: Vec<ConnectionInfo>,
    waiting: Arc<Waiting>,
    known: Mutex<Known>,
    /// Held while nodes are asked, so that they are asked once.
    asking: AsyncMutex<()>,
}

#[derive(Default)]
struct Known {
    /// None until the first answer.
    slots: Option<Arc<Slots>>,
    connections: HashMap<Arc<str>, Arc<Connection>>,
}

impl Nodes {
    pub(super) fn new(seeds: Vec<ConnectionInfo>, waiting: &Arc<Waiting>) -> Self {
        let (waiting, known, asking) =
            (Arc::clone(waiting), Mutex::default(), AsyncMutex::default());
        Self { seeds, waiting, known, asking }
    }

    /// Whether any has been asked.
    pub(super) fn are_known(&self) -> bool {
        self.slots().is_some()
    }

    /// The node that has this slot, as far as is known.
    pub(super) fn of(&self, slot: u16) -> Option<Arc<str>> {
        self.slots()?.node(slot).cloned()
    }

    /// The connection to the node at this address.
    pub(super) fn connection(&self, node: &Arc<str>) -> Arc<Connection> {
        let mut known = self.lock();
        let connection = known.connections.entry(Arc::clone(node)).or_insert_with(|| {
            let server = match (self.seed(node), address::split(node)) {
                (None, Some((host, port))) => address::at(&self.seeds[0], host, port),
                (seed, _) => seed.unwrap_or(&self.seeds[0]).clone(),
            };
            Arc::new(Connection::new(Whereabouts::At(server), &self.waiting))
        });
        Arc::clone(connection)
    }

    /// Learns that a slot has gone from one node to another, which does not come alone as a rule.
    pub(super) async fn moved(&self, slot: u16, from: &Arc<str>, to: &Arc<str>) {
        if self.of(slot).as_ref() == Some(to) {
            return;
        }
        // That no node answers is found out by the call itself.
        let _ = self.ask().await;
        if self.of(slot).as_ref() != Some(to) {
            // Whoever answered has not heard of it yet.
            let mut slots = self.slots().as_deref().cloned().unwrap_or_default();
            slots.assign(slot, to);
            self.lock().slots = Some(Arc::new(slots));
            stir([self.connection(from)]);
        }
    }

    /// Asks all nodes which has what, and believes the first that answers.
    pub(super) async fn ask(&self) -> Result<(), StoreError> {
        let before = self.slots();
        let _asking = self.asking.lock().await;
        let is_same =
            |now: &Arc<Slots>| before.as_ref().is_some_and(|slots| Arc::ptr_eq(slots, now));
        if self.slots().is_some_and(|now| !is_same(&now)) {
            // Somebody else has asked meanwhile.
            return Ok(());
        }
        let mut asked = JoinSet::new();
        for node in self.names(before.as_deref()) {
            asked.spawn(ask(self.connection(&node), node));
        }
        let mut failure = None;
        while let Some(answer) = asked.join_next().await {
            match answer.map_err(StoreError::unreachable).and_then(|answer| answer) {
                Ok(slots) => {
                    self.learn(slots);
                    return Ok(());
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| StoreError::unreachable("no node of the cluster is known")))
    }

    /// Believes what a node says. Those who wait at one whose part has changed have to look where
    /// they wait from now on.
    fn learn(&self, slots: Slots) {
        let mut known = self.lock();
        let before = known.slots.take().unwrap_or_default();
        let changed = known.connections.iter().filter(|(node, _)| {
            // Nobody waits where nothing was.
            before.of(node).next().is_some() && before.of(node).ne(slots.of(node))
        });
        let changed: Vec<_> = changed.map(|(_, connection)| Arc::clone(connection)).collect();
        known
            .connections
            .retain(|node, _| slots.of(node).next().is_some() || self.seed(node).is_some());
        known.slots = Some(Arc::new(slots));
        drop(known);
        stir(changed);
    }

    /// All nodes that are known by name.
    fn names(&self, slots: Option<&Slots>) -> Vec<Arc<str>> {
        let seeds = self.seeds.iter().map(|seed| seed.addr().to_string().into());
        let owners = slots.into_iter().flat_map(Slots::nodes).cloned();
        let mut names: Vec<Arc<str>> = seeds.chain(owners).collect();
        names.sort();
        names.dedup();
        names
    }

    fn seed(&self, node: &str) -> Option<&ConnectionInfo> {
        self.seeds.iter().find(|seed| seed.addr().to_string() == node)
    }

    fn slots(&self) -> Option<Arc<Slots>> {
        self.lock().slots.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes how all that is spoken to is spoken to.
    #[cfg(feature = "redis-tls")]
    pub(super) fn each(
        &mut self,
        change: &mut dyn FnMut(&mut ConnectionInfo) -> Result<(), lockset_api::Error>,
    ) -> Result<(), lockset_api::Error> {
        self.seeds.iter_mut().try_for_each(change)
    }
}

/// What one node says.
async fn ask(connection: Arc<Connection>, node: Arc<str>) -> Result<Slots, StoreError> {
    let mut question = redis::cmd("CLUSTER");
    question.arg("SLOTS");
    let answer = timeout(PATIENCE, connection.ask(&question)).await;
    let answer = answer.map_err(StoreError::unreachable)??;
    let host = address::split(&node).map_or("", |(host, _)| host);
    let slots = Slots::parse(&answer, host);
    slots.ok_or_else(|| StoreError::refused(format!("no slots of a cluster: {answer:?}")))
}

/// Has those who wait at these nodes look for themselves. In the background: it may have to wait
/// for a connection that is just being made.
fn stir(connections: impl IntoIterator<Item = Arc<Connection>>) {
    for connection in connections {
        tokio::spawn(async move { connection.stir() });
    }
}
