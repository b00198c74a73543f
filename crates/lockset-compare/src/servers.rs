//! Where the leases are kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A server, or the several of a quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Server {
    /// What its locks are called in the tables, such as `redis, 1 ms away`.
    pub name: String,
    /// As [`lockset::open_server`] takes it; of a quorum, the URLs of all with commas between.
    pub url: String,
    /// How long a message is on its way, at least: 0 for a server on this machine.
    pub one_way_us: u64,
    /// Whether what is there can be asked by the protocol of Redis.
    pub is_redis: bool,
}

impl Server {
    /// A Redis server, or a quorum of masters with commas between their URLs.
    #[must_use]
    pub fn redis(name: impl Into<String>, url: impl Into<String>, one_way: Duration) -> Self {
        let one_way_us = one_way.as_micros() as u64;
        Self { name: name.into(), url: url.into(), one_way_us, is_redis: true }
    }

    /// Any other server that Lockset has a backend for.
    #[must_use]
    pub fn new(name: impl Into<String>, url: impl Into<String>, one_way: Duration) -> Self {
        Self { is_redis: false, ..Self::redis(name, url, one_way) }
    }

    /// Whether it is a quorum.
    #[must_use]
    pub fn is_quorum(&self) -> bool {
        self.url.contains(',')
    }

    /// There and back, if nothing takes any time but the way.
    #[must_use]
    pub fn least_round_trip(&self) -> Duration {
        Duration::from_micros(2 * self.one_way_us)
    }
}
