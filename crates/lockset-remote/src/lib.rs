//! Locks that a server keeps, and that time ends: leases, with fences.
//!
//! ```
//! use lockset_api::{Lease, Lock, Released};
//! use lockset_remote::{Locks, sqlite::Sqlite};
//!
//! # let dir = tempfile::tempdir().unwrap();
//! # let path = dir.path().join("locks.db");
//! let locks = Locks::new(Sqlite::open(&path)?);
//! let nightly = locks.lock("billing/nightly")?;
//!
//! let lease = nightly.lock()?;
//! // Send this number along with every write, and let the resource refuse a lower one.
//! println!("billing with fence {}", lease.fence());
//! assert_eq!(lease.release()?, Released::InTime);
//! # Ok::<(), lockset_api::Error>(())
//! ```
//!
//! One engine owns everything that is not a server's dialect; a backend is a small port to one
//! server, a [`LeaseStore`]. Those here are modules behind features of their names: `sqlite`, which
//! needs no server and excludes the processes of one machine, `redis`, `postgres`, `mysql`, `etcd`
//! and `zookeeper`. Anybody can write another against the same trait. `redlock` makes one of
//! several, a minority of which may fail.
//!
//! # What a lease promises, and what it cannot
//!
//! - While [`remaining`](lockset_api::Lease::remaining) is more than zero, nobody else holds the
//!   lock, provided that the server keeps its word and its clock runs at most 1 % fast against
//!   ours. A pause between that look and what you do next is not covered: no lock of this kind
//!   can. Nor is a machine that is suspended, whose clock stops while a server's goes on. The fence
//!   is what covers both.
//! - The lease is renewed in the background, up to a ceiling. It is lost when no renewal succeeded
//!   in time, and [`lost`](lockset_api::Lease::lost) says so *before* the server can give the lock
//!   to somebody else.
//! - Nothing stays locked on nobody's behalf: dropping a lease, a waiting future, or the process
//!   gives the lock back; the last of these when the time is over.
//!
//! # When not to use it
//!
//! Between the threads of a process, take a mutex; between processes of one machine, a file lock
//! costs less and cannot be lost. A remote lock makes work on a shared resource orderly; where
//! overlapping work would be wrong, the resource itself has to check the fence; [`fenced`] is that
//! check for a table and for Redis, and `FencedFile` of the crate `lockset-file` for a file.

#![forbid(unsafe_code)]

mod engine;
pub mod fenced;
mod pauses;
#[cfg(any(feature = "etcd", feature = "postgres", feature = "zookeeper"))]
mod percent;
mod request;
mod store;
#[cfg(any(
    feature = "etcd-tls",
    feature = "mysql-tls",
    feature = "postgres-tls",
    feature = "redis-tls",
    feature = "zookeeper-tls"
))]
mod tls;
pub mod transaction;

#[cfg(feature = "etcd")]
pub mod etcd;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "redlock")]
pub mod redlock;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "zookeeper")]
pub mod zookeeper;

pub use engine::{
    Acquire, Locks, Observer, RemoteLease, RemoteLock, RemoteRwLock, RemoteSemaphore, Renewal,
    Ticket,
};
pub use request::{Mode, Request, RequestId};
pub use store::{
    Attempt, Enrolled, Grant, LeaseStore, LossNotice, Memory, Op, Party, Raised, Renewed, Status,
    StoreError, Wake, Withdrawn,
};
