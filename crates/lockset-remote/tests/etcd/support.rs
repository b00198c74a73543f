//! What the tests share.

use std::time::Duration;

use lockset_remote::{Locks, RemoteLock, etcd::Etcd};
use testbed::{Etcd as Server, Proxy, eventually};

/// Beyond what any test waits for.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// Short enough to wait for its end.
pub(crate) const BRIEF: Duration = Duration::from_millis(600);

pub(crate) fn server() -> Server {
    Server::start().unwrap_or_else(|error| panic!("{error}"))
}

/// With a connection and sessions of their own, as another process would have.
pub(crate) fn locks(url: &str) -> Locks {
    Locks::new(Etcd::new(url).unwrap())
}

pub(crate) fn job(url: &str, ttl: Duration) -> RemoteLock {
    locks(url).lock("job").unwrap().with_ttl(ttl).unwrap()
}

pub(crate) fn behind(proxy: &Proxy) -> String {
    format!("etcd://{}", proxy.addr())
}

pub(crate) fn until_waiting(locks: &Locks, count: usize) {
    eventually("all stand in line", || locks.inspect("job").unwrap().waiters.len() == count);
}

/// How many keys there are in the whole store.
pub(crate) fn keys(server: &Server) -> usize {
    let all = r#"{"key":"AA==","range_end":"AA==","count_only":true}"#;
    let answer = server.post("/v3/kv/range", all).unwrap();
    let count = answer.split_once(r#""count":""#).and_then(|(_, rest)| rest.split('"').next());
    count.map_or(0, |count| count.parse().unwrap())
}

/// The sessions that the server knows, by their ids.
pub(crate) fn sessions(server: &Server) -> Vec<String> {
    let answer = server.post("/v3/lease/leases", "{}").unwrap();
    let ids = answer.split(r#""ID":""#).skip(1);
    ids.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}
