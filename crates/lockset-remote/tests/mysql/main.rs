//! What is special about leases kept by MySQL and MariaDB: sessions, names, permissions, and what
//! goes over the wire.

#![cfg(feature = "mysql")]

mod access;
mod bugs;
mod names;
mod sessions;
mod stopped;
#[cfg(feature = "mysql-tls")]
mod tls;
mod transactions;
mod waiters;
mod wire;

use std::sync::LazyLock;
use std::time::Duration;

use lockset_remote::{Locks, RemoteLock, mysql::Mysql};
use mysql_async::{Conn, FromRowError, Opts, Row, prelude::FromRow, prelude::Queryable};
use testbed::{MariaDb, Proxy};

/// One server for all tests that do not change it. Each has locks of its own.
static SERVER: LazyLock<MariaDb> = LazyLock::new(server);

/// Nothing here takes so long that it would be reached by accident.
const LONG: Duration = Duration::from_secs(60);

fn server() -> MariaDb {
    MariaDb::start().unwrap_or_else(|error| panic!("{error}"))
}

fn locks(url: &str) -> Locks {
    Locks::new(Mysql::new(url).unwrap())
}

fn job(url: &str, name: &str, ttl: Duration) -> RemoteLock {
    locks(url).lock(name).unwrap().with_ttl(ttl).unwrap()
}

fn behind(proxy: &Proxy) -> String {
    format!("mysql://lockset:secret@{}/lockset", proxy.addr())
}

/// So many stand in line.
fn until_waiting(name: &str, count: usize) {
    let locks = locks(&SERVER.url());
    testbed::eventually("all stand in line", || {
        locks.inspect(name).unwrap().waiters.len() == count
    });
}

/// What `text` returns, asked by the server's administrator.
fn ask<T: FromRow + Send + 'static>(server: &MariaDb, text: &str) -> Vec<T> {
    let rows = rows(&server.url_of("root"), text).unwrap();
    rows.into_iter()
        .map(|row| T::from_row_opt(row).map_err(|FromRowError(row)| row).unwrap())
        .collect()
}

fn rows(url: &str, text: &str) -> mysql_async::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut conn = Conn::new(Opts::from_url(url)?).await?;
        let rows = conn.query(text).await?;
        conn.disconnect().await?;
        Ok(rows)
    })
}
