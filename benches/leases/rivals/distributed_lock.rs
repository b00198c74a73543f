//! The crate `distributed-lock-redis`, as its documentation says to use it.

use std::rc::Rc;

use distributed_lock_core::traits::{DistributedLock, LockHandle, LockProvider};
use distributed_lock_redis::{RedisDistributedLock, RedisLockHandle, RedisLockProvider};

use crate::rival::{Kind, Rival};

/// Does not wait for a lock that is taken, whatever timeout it is given.
pub struct DistributedLockRedis(Rc<RedisLockProvider>, RedisDistributedLock);

impl Rival for DistributedLockRedis {
    const KIND: Kind = Kind { waits: false, ..Kind::ASYNC };
    type Held = RedisLockHandle;

    async fn open(url: &str, name: &str) -> Self {
        // Its TTL is 30 s: with another one it grants nothing, unless two more settings fit that.
        let provider = Rc::new(RedisLockProvider::new(url).await.expect("the server is there"));
        let lock = provider.create_lock(name);
        Self(provider, lock)
    }

    fn another(&self, name: &str) -> Option<Self> {
        Some(Self(Rc::clone(&self.0), self.0.create_lock(name)))
    }

    async fn lock(&self) -> RedisLockHandle {
        self.1.acquire(None).await.expect("nobody else wants it")
    }

    async fn unlock(&self, handle: RedisLockHandle) {
        handle.release().await.expect("the server is there");
    }
}
