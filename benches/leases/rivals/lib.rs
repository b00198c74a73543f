//! Locks kept by servers that people would otherwise pick, each as its library offers it.
//!
//! They are for the two programs of this package: the tables of each kind of server, and the
//! comparison of all locks. What brings the clients of other servers than Redis is a feature, since
//! the quick comparison does without them.

pub mod crates;
#[cfg(feature = "distributed-lock")]
pub mod distributed_lock;
#[cfg(feature = "servers")]
pub mod etcd_client;
#[cfg(feature = "servers")]
pub mod mysql_client;
pub mod pings;
#[cfg(feature = "servers")]
pub mod postgres_client;
pub mod redis_client;
pub mod rival;
#[cfg(feature = "servers")]
pub mod zookeeper_client;
