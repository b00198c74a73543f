//! Real servers for tests, and the faults that real servers have.
//!
//! A remote lock is only as good as its behaviour on the day its server stops, dies or falls off
//! the network, and a mock shows none of that. So every test starts servers of its own, as real
//! processes in private directories on free loopback ports, and hurts them: [`Redis`] is paused,
//! killed and restarted, alone, as a [`RedisCluster`] and under a [`RedisSentinel`], and so are
//! [`Postgres`], [`MariaDb`], [`Etcd`] and an [`EtcdCluster`], [`ZooKeeper`] and a
//! [`ZooKeeperCluster`]; [`Proxy`] cuts the wire.
//!
//! Nothing outlives the tests: a server and its directory go when its value is dropped, and also
//! when the test process ends in any other way, SIGKILL included (`supervised.rs` says how).
//! A missing server is an error that names the package to install, never a test that passes
//! without having run.
//!
//! Linux only: the state of a server is read from `/proc`.
//!
//! A further server is one file like `redis.rs`: the command line, and how to tell that it answers.

mod certificates;
mod error;
mod etcd;
mod mariadb;
mod poll;
mod port;
mod postgres;
mod proxy;
mod redis;
mod supervised;
mod zookeeper;

pub use error::Error;
pub use etcd::{Etcd, EtcdCluster, EtcdTls};
pub use mariadb::{MariaDb, MariaDbTls};
pub use poll::eventually;
pub use postgres::{PgBouncer, Postgres, PostgresTls};
pub use proxy::{Direction, Proxy, Traffic};
pub use redis::{Redis, RedisCluster, RedisMonitor, RedisSentinel, RedisTls};
pub use zookeeper::{ZooKeeper, ZooKeeperCluster, ZooKeeperTls};
