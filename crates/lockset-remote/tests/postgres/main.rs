//! What is PostgreSQL's own about leases that its sessions keep.

#![cfg(feature = "postgres")]

mod access;
mod bugs;
mod poolers;
mod round_trips;
mod sessions;
#[cfg(feature = "postgres-tls")]
mod tls;
mod transactions;
mod waiters;

use std::time::Duration;

use lockset_remote::{Locks, RemoteLock, postgres::Postgres};
use testbed::Postgres as Server;

/// Longer than any test: what only time would free is found out.
const LONG: Duration = Duration::from_secs(60);

/// Within this comes what comes at once, on a loaded machine too.
const SOON: Duration = Duration::from_secs(10);

fn server() -> Server {
    Server::start().unwrap_or_else(|error| panic!("{error}"))
}

fn locks(url: &str) -> Locks {
    Locks::new(Postgres::new(url).unwrap())
}

/// A handle with connections of its own.
fn job(url: &str, ttl: Duration) -> RemoteLock {
    locks(url).lock("job").unwrap().with_ttl(ttl).unwrap()
}

fn at(addr: std::net::SocketAddr) -> String {
    format!("postgres://postgres@{addr}/postgres")
}

/// How many advisory locks there are, of holders and of waiters.
fn granted_and_awaited(server: &Server) -> (u32, u32) {
    let count = "SELECT count(*) FILTER (WHERE granted), count(*) FILTER (WHERE NOT granted)
        FROM pg_locks WHERE locktype = 'advisory'";
    let rows = server.query(count).unwrap();
    (rows[0][0].parse().unwrap(), rows[0][1].parse().unwrap())
}

/// A client of the database's, without this library, and what drives it.
async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
