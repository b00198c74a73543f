//! Which node of a cluster has which lock.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crc::{CRC_16_XMODEM, Crc};
use lockset_api::Name;
use redis::{Value, from_redis_value, from_redis_value_ref};

use super::call::key;

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

/// The number of slots of every cluster.
const SLOTS: u16 = 16384;

/// The slot of a lock's keys.
///
/// A key's slot is that of what stands between its first `{` and the first `}` behind that. In our
/// layout that is the name, up to its first `}` where it has one.
pub(super) fn slot(name: &Name) -> u16 {
    let key = key(name);
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    CRC.checksum(tag.map_or(&*key, |(tag, _)| tag).as_bytes()) % SLOTS
}

/// The masters of the slots, as the cluster tells it: parts that do not overlap, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots(Vec<(RangeInclusive<u16>, Arc<str>)>);

impl Slots {
    /// Reads the answer to `CLUSTER SLOTS`. A node that does not know its own host is `asked`.
    pub(super) fn parse(answer: &Value, asked: &str) -> Option<Self> {
        let parts: Vec<Vec<Value>> = from_redis_value_ref(answer).ok()?;
        let parts = parts.into_iter().map(|part| {
            let [first, last, master, ..] = <[Value; 3]>::try_from(part.get(..3)?.to_vec()).ok()?;
            let (first, last) = (from_redis_value(first).ok()?, from_redis_value(last).ok()?);
            let master: Vec<Value> = from_redis_value(master).ok()?;
            let host: Option<String> = from_redis_value_ref(master.first()?).ok()?;
            let port: u16 = from_redis_value_ref(master.get(1)?).ok()?;
            let host = host.filter(|host| !host.is_empty()).unwrap_or_else(|| asked.to_owned());
            Some((first..=last, format!("{host}:{port}").into()))
        });
        parts.collect::<Option<_>>().map(Self)
    }

    /// The node that has this slot, if any has.
    pub(super) fn node(&self, slot: u16) -> Option<&Arc<str>> {
        self.0.iter().find(|(part, _)| part.contains(&slot)).map(|(_, node)| node)
    }

    /// What the cluster itself does not tell everybody yet: one slot that has another node.
    pub(super) fn assign(&mut self, slot: u16, node: &Arc<str>) {
        self.0.insert(0, (slot..=slot, Arc::clone(node)));
    }

    /// All nodes that have anything, some of them more than once.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|(_, node)| node)
    }

    /// What a node has.
    pub(super) fn of<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a RangeInclusive<u16>> {
        self.0.iter().filter(move |(_, owner)| **owner == *node).map(|(part, _)| part)
    }
}
