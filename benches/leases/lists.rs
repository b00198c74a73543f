//! All the locks, as rows of the tables.

use lockset_bench_leases::crates::{Redlock, Rslock};
use lockset_bench_leases::distributed_lock::DistributedLockRedis;
use lockset_bench_leases::mysql_client::GetLock;
use lockset_bench_leases::postgres_client::AdvisoryLock;
use lockset_bench_leases::redis_client::SetAndEval;
use lockset_bench_leases::zookeeper_client::ZooKeeperClient;
use lockset_remote::mysql::Mysql;
use lockset_remote::postgres::Postgres;
use lockset_remote::redis::Redis;
use lockset_remote::zookeeper::ZooKeeper;

use crate::child::{Child, Language};
use crate::fan_out::{FanOut, Replay};
use crate::in_process::InProcess;
use crate::ours::{Lockset, LocksetBlocking, LocksetQuorum};
use crate::rival::{Entry, Kind, Measured, Rival};

/// The simplest lock of all, which bounds the others.
pub(crate) const SIMPLEST: &str = "redis-rs alone";

/// Those that can be had, for the server at this URL.
pub(crate) fn entries(url: &str) -> Vec<Entry> {
    vec![
        rust::<Lockset>("**Lockset**", url),
        rust::<LocksetBlocking>("**Lockset**, blocking", url),
        rust::<SetAndEval>(SIMPLEST, url),
        rust::<Rslock>("rslock", url),
        rust::<DistributedLockRedis>("distributed-lock-redis", url),
        rust::<Redlock>("redlock (Rust)", url),
        child("redis-py", Language::Python, "redis-py", Kind::BLOCKING, url),
        child("python-redis-lock", Language::Python, "python-redis-lock", Kind::BLOCKING, url),
        child("redlock 4 (Node)", Language::Node, "redlock-4", Kind::ASYNC, url),
        child("redlock 5 beta (Node)", Language::Node, "redlock-5", Kind::ASYNC, url),
    ]
}

/// The quorums that can be had, for the masters at these URLs; ours is the first.
pub(crate) fn quorums(url: &str) -> Vec<Entry> {
    let python = |name, lock| child(name, Language::Python, lock, Kind::BLOCKING, url);
    let node = |name, lock| child(name, Language::Node, lock, Kind::ASYNC, url);
    vec![
        rust::<LocksetQuorum<Redis>>("**Lockset**", url),
        rust::<FanOut>("redis-rs alone, to all at once", url),
        rust::<Replay>("the same, with Lockset's commands", url),
        rust::<Rslock>("rslock", url),
        rust::<Redlock>("redlock (Rust)", url),
        python("redlock-py", "redlock-py"),
        python("pottery", "pottery"),
        node("redlock 4 (Node)", "redlock-4"),
        node("redlock 5 beta (Node)", "redlock-5"),
    ]
}

/// Those that a ZooKeeper server keeps, for the one at this URL.
pub(crate) fn of_zookeeper(url: &str) -> Vec<Entry> {
    vec![
        rust::<Lockset<ZooKeeper>>("**Lockset**", url),
        rust::<LocksetBlocking<ZooKeeper>>("**Lockset**, blocking", url),
        rust::<ZooKeeperClient>("zookeeper-client", url),
    ]
}

/// Those that a MariaDB server keeps, for the one at this URL.
pub(crate) fn of_mysql(url: &str) -> Vec<Entry> {
    vec![
        rust::<Lockset<Mysql>>("**Lockset**", url),
        rust::<LocksetBlocking<Mysql>>("**Lockset**, blocking", url),
        rust::<GetLock>("mysql_async alone, `GET_LOCK`", url),
    ]
}

/// Those that a PostgreSQL server keeps, for the one at this URL.
pub(crate) fn of_postgres(url: &str) -> Vec<Entry> {
    vec![
        rust::<Lockset<Postgres>>("**Lockset**", url),
        rust::<LocksetBlocking<Postgres>>("**Lockset**, blocking", url),
        rust::<AdvisoryLock>("tokio-postgres alone, `pg_advisory_lock`", url),
    ]
}

fn rust<R: Rival>(name: &'static str, url: &str) -> Entry {
    Entry { name, kind: R::KIND, measured: Ok(Box::new(InProcess::<R>::new(url))) }
}

fn child(name: &'static str, language: Language, lock: &str, kind: Kind, url: &str) -> Entry {
    let child = Child::start(language, lock, url);
    let boxed = |child| Box::new(child) as Box<dyn Measured>;
    Entry { name, kind, measured: child.map(boxed).inspect_err(|e| eprintln!("{name}: {e}")) }
}
