//! One server, or many: who is asked about a lock.

use std::sync::Arc;

use lockset_api::{Error, ErrorKind, Name};
use redis::FromRedisValue;

use super::address;
use super::call::{Call, Manner};
use super::cluster::Cluster;
use super::connection::{Answer, Connection, Wire};
use super::sentinel::Sentinels;
use super::slots::slot;
use super::waiting::Waiting;
use super::whereabouts::Whereabouts;
use crate::store::StoreError;

pub(super) enum Servers {
    One(Box<Connection>),
    Many(Cluster),
}

impl Servers {
    /// The server at this URL, and what it is called.
    pub(super) fn one(url: &str, waiting: &Arc<Waiting>) -> Result<(String, Self), Error> {
        let server = address::parse(url)?;
        let label = format!("{}://{}", address::scheme(&server), server.addr());
        Ok((label, Self::one_at(Whereabouts::At(server), waiting)))
    }

    /// The cluster of these nodes.
    pub(super) fn cluster(urls: &[&str], waiting: &Arc<Waiting>) -> Result<(String, Self), Error> {
        let seeds = urls.iter().map(|url| address::parse(url)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = seeds.first() else { return Err(nowhere()) };
        if seeds.iter().any(|seed| seed.redis_settings().db() != 0) {
            let why = "a cluster of Redis servers has only database 0";
            return Err(Error::new(ErrorKind::Config, why));
        }
        let label = format!("{}+cluster://{}", address::scheme(first), address::list(&seeds));
        Ok((label, Self::Many(Cluster::new(seeds, waiting))))
    }

    /// The master that these sentinels name.
    pub(super) fn sentinel(
        urls: &[&str],
        master: &str,
        waiting: &Arc<Waiting>,
    ) -> Result<(String, Self), Error> {
        let sentinels =
            urls.iter().map(|url| address::parse(url)).collect::<Result<Vec<_>, _>>()?;
        if sentinels.is_empty() {
            return Err(nowhere());
        }
        let is_url = master.contains("://");
        let master =
            address::parse(&if is_url { master.into() } else { format!("redis://{master}") })?;
        let (scheme, name) = (address::scheme(&master), address::host(&master));
        let label = format!("{scheme}+sentinel://{}/{name}", address::list(&sentinels));
        let server = Whereabouts::Named(Sentinels { sentinels, master });
        Ok((label, Self::one_at(server, waiting)))
    }

    fn one_at(server: Whereabouts, waiting: &Arc<Waiting>) -> Self {
        Self::One(Box::new(Connection::new(server, waiting)))
    }

    /// Refuses names that no single server has.
    pub(super) fn check(&self, names: &[Name]) -> Result<(), Error> {
        if matches!(self, Self::Many(_)) && names.iter().any(|name| slot(name) != slot(&names[0])) {
            let why = "in a cluster, the names of one lock must have the same beginning in braces, \
                       such as {orders}/1 and {orders}/2: only then are they on one server";
            return Err(Error::new(ErrorKind::InvalidName, why));
        }
        Ok(())
    }

    /// Runs a script for locks of these names, which are on one server.
    pub(super) async fn run<'s, T: FromRedisValue>(
        &self,
        names: &[Name],
        call: impl Fn(&Wire) -> Call<'s> + Send + Sync,
    ) -> Result<Answer<T>, StoreError> {
        match self {
            Self::One(server) => server.run(Manner::Plain, &call).await,
            // Boxed: an exchange with one server need not have room for finding the right one.
            Self::Many(cluster) => Box::pin(cluster.run(slot(&names[0]), &call)).await,
        }
    }

    /// Runs a script for the server as a whole, which a cluster is not.
    pub(super) async fn run_on_the_one<'s, T: FromRedisValue>(
        &self,
        call: impl Fn(&Wire) -> Call<'s> + Send + Sync,
    ) -> Result<Answer<T>, StoreError> {
        match self {
            Self::One(server) => server.run(Manner::Plain, &call).await,
            Self::Many(_) => Err(StoreError::refused("a cluster can be no part of a quorum")),
        }
    }

    /// Changes how all that is spoken to is spoken to.
    #[cfg(feature = "redis-tls")]
    pub(super) fn each(
        &mut self,
        change: &mut dyn FnMut(&mut redis::ConnectionInfo) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            Self::One(server) => server.server_mut().each(change),
            Self::Many(cluster) => cluster.nodes_mut().each(change),
        }
    }
}

fn nowhere() -> Error {
    Error::new(ErrorKind::Config, "not the URL of any server")
}
