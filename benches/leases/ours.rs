//! Lockset itself: the only file that knows its API.

use std::marker::PhantomData;
use std::sync::Arc;

use lockset_api::{AsyncLock, Lease, Lock, Released};
use lockset_remote::etcd::Etcd;
use lockset_remote::mysql::Mysql;
use lockset_remote::postgres::Postgres;
use lockset_remote::redis::Redis;
use lockset_remote::redlock::Redlock;
use lockset_remote::sqlite::Sqlite;
use lockset_remote::zookeeper::ZooKeeper;
use lockset_remote::{LeaseStore, Locks, RemoteLease, RemoteLock};
use tokio::runtime::Handle;

use crate::rival::{Kind, Rival, masters};

/// By the methods for tasks, on the runtime of the caller.
pub(crate) struct Lockset<M = Redis>(Locks, RemoteLock, PhantomData<M>);

impl<M: Master> Rival for Lockset<M> {
    const KIND: Kind = Kind::ASYNC;
    type Held = RemoteLease;

    async fn open(url: &str, name: &str) -> Self {
        let locks = Locks::on(&Handle::current(), M::at(url));
        let lock = locks.lock(name).expect("a name");
        Self(locks, lock, PhantomData)
    }

    fn another(&self, name: &str) -> Option<Self> {
        Some(Self(self.0.clone(), self.0.lock(name).expect("a name"), PhantomData))
    }

    async fn lock(&self) -> RemoteLease {
        self.1.lock_async().await.expect("the server is there")
    }

    async fn unlock(&self, lease: RemoteLease) {
        assert_eq!(lease.release_async().await.expect("the server is there"), Released::InTime);
    }
}

/// By the methods for threads, on the library's own thread.
pub(crate) struct LocksetBlocking<M = Redis>(RemoteLock, PhantomData<M>);

impl<M: Master> Rival for LocksetBlocking<M> {
    const KIND: Kind = Kind::BLOCKING;
    type Held = RemoteLease;

    async fn open(url: &str, name: &str) -> Self {
        Self(Locks::new(M::at(url)).lock(name).expect("a name"), PhantomData)
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

/// What keeps the locks, alone or in a quorum: nothing else differs between them.
pub(crate) trait Master: LeaseStore + Sized {
    fn at(address: &str) -> Self;
}

impl Master for Redis {
    fn at(address: &str) -> Self {
        Self::new(address).expect("a URL")
    }
}

impl Master for Mysql {
    fn at(address: &str) -> Self {
        Self::new(address).expect("a URL")
    }
}

impl Master for ZooKeeper {
    fn at(address: &str) -> Self {
        Self::new(address).expect("a URL")
    }
}

impl Master for Postgres {
    fn at(address: &str) -> Self {
        Self::new(address).expect("a URL")
    }
}

impl Master for Etcd {
    fn at(address: &str) -> Self {
        Self::new(address).expect("a URL")
    }
}

impl Master for Sqlite {
    fn at(address: &str) -> Self {
        Self::open(address).expect("a database")
    }
}

/// A quorum, by the methods for tasks, on the runtime of the caller; of one master, that master.
pub(crate) struct LocksetQuorum<M>(RemoteLock, PhantomData<M>);

impl<M: Master> Rival for LocksetQuorum<M> {
    const KIND: Kind = Kind::ASYNC;
    type Held = RemoteLease;

    async fn open(url: &str, name: &str) -> Self {
        let handle = Handle::current();
        let locks = if masters(url).count() == 1 {
            Locks::on(&handle, M::at(url))
        } else {
            let store = |address| Arc::new(M::at(address)) as Arc<dyn LeaseStore>;
            Locks::on(&handle, Redlock::new(masters(url).map(store).collect()).expect("a quorum"))
        };
        Self(locks.lock(name).expect("a name"), PhantomData)
    }

    fn another(&self, _: &str) -> Option<Self> {
        None
    }

    async fn lock(&self) -> RemoteLease {
        self.0.lock_async().await.expect("a majority is there")
    }

    async fn unlock(&self, lease: RemoteLease) {
        assert_eq!(lease.release_async().await.expect("a majority is there"), Released::InTime);
    }
}
