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
}

impl Server {
    /// A server that Lockset has a backend for, or a quorum with commas between the URLs.
    #[must_use]
    pub fn new(name: impl Into<String>, url: impl Into<String>, one_way: Duration) -> Self {
        let one_way_us = one_way.as_micros() as u64;
        Self { name: name.into(), url: url.into(), one_way_us }
    }

    /// What kind of server it is, as its URL says: `redis`, `postgres`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.url.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// Where it listens, as `HOST:PORT`: what is left of its URL without the user, the password and
    /// the database.
    #[must_use]
    pub fn address(url: &str) -> &str {
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        let address = address.rsplit('@').next().unwrap_or(address);
        address.split(['/', '?']).next().unwrap_or(address)
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
