//! Lockset itself: the only file that knows its API.

use lockset_api::{AsyncLock, Lease, Lock, Released};
use lockset_remote::redis::Redis;
use lockset_remote::{Locks, RemoteLease, RemoteLock};
use tokio::runtime::Handle;

use crate::rival::{Kind, Rival};

/// By the methods for tasks, on the runtime of the caller.
pub(crate) struct Lockset(Locks, RemoteLock);

impl Rival for Lockset {
    const KIND: Kind = Kind::ASYNC;
    type Held = RemoteLease;

    async fn open(url: &str, name: &str) -> Self {
        let locks = Locks::on(&Handle::current(), Redis::new(url).expect("a URL"));
        let lock = locks.lock(name).expect("a name");
        Self(locks, lock)
    }

    fn another(&self, name: &str) -> Option<Self> {
        Some(Self(self.0.clone(), self.0.lock(name).expect("a name")))
    }

    async fn lock(&self) -> RemoteLease {
        self.1.lock_async().await.expect("the server is there")
    }

    async fn unlock(&self, lease: RemoteLease) {
        assert_eq!(lease.release_async().await.expect("the server is there"), Released::InTime);
    }
}

/// By the methods for threads, on the library's own thread.
pub(crate) struct LocksetBlocking(RemoteLock);

impl Rival for LocksetBlocking {
    const KIND: Kind = Kind::BLOCKING;
    type Held = RemoteLease;

    async fn open(url: &str, name: &str) -> Self {
        let locks = Locks::new(Redis::new(url).expect("a URL"));
        Self(locks.lock(name).expect("a name"))
    }

    fn another(&self, _: &str) -> Option<Self> {
        None
    }

    async fn lock(&self) -> RemoteLease {
        self.0.lock().expect("the server is there")
    }

    async fn unlock(&self, lease: RemoteLease) {
        assert_eq!(lease.release().expect("the server is there"), Released::InTime);
    }
}
