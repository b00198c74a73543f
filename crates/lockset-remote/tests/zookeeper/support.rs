//! What the tests share.

use std::time::Duration;

use lockset_remote::{Locks, RemoteLock, zookeeper::ZooKeeper};
use testbed::{Proxy, ZooKeeper as Server};

/// Beyond what any test waits for.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// Short enough to wait for its end.
pub(crate) const SHORT: Duration = Duration::from_millis(600);

pub(crate) fn server() -> Server {
    Server::start().unwrap_or_else(|error| panic!("{error}"))
}

/// With a session of its own, as another process would have.
pub(crate) fn locks(url: &str) -> Locks {
    Locks::new(ZooKeeper::new(url).unwrap())
}

pub(crate) fn job(url: &str, ttl: Duration) -> RemoteLock {
    locks(url).lock("job").unwrap().with_ttl(ttl).unwrap()
}

pub(crate) fn behind(proxy: &Proxy) -> String {
    format!("zk://{}", proxy.addr())
}

/// How many watches the server has, of which a session has one for each node at most.
pub(crate) fn watches(server: &Server) -> usize {
    let said = server.ask("mntr").unwrap();
    let total = said.lines().find_map(|line| line.strip_prefix("zk_watch_count"));
    total.and_then(|count| count.trim().parse().ok()).unwrap()
}

/// How many ephemeral nodes it knows of.
pub(crate) fn nodes(server: &Server) -> usize {
    server.ask("dump").unwrap().lines().filter(|line| line.starts_with("\t/lockset/")).count()
}
