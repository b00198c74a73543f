//! The crates that people would otherwise pick, each as its documentation says to use it.

use std::time::Duration;

use crate::rival::{Kind, Rival, masters};

const TTL: Duration = Duration::from_secs(10);

/// Tries, pauses for up to 200 ms, and tries again.
pub struct Rslock(rslock::LockManager, String);

impl Rival for Rslock {
    const KIND: Kind = Kind::ASYNC;
    type Held = rslock::LockGuard;

    async fn open(url: &str, name: &str) -> Self {
        Self(rslock::LockManager::new(masters(url).collect()), name.to_owned())
    }

    fn another(&self, name: &str) -> Option<Self> {
        Some(Self(self.0.clone(), name.to_owned()))
    }

    async fn lock(&self) -> rslock::LockGuard {
        self.0.acquire(self.1.as_str(), TTL).await.expect("the server is there")
    }

    async fn unlock(&self, guard: rslock::LockGuard) {
        guard.release().await;
    }
}

/// Makes a connection for each command, and polls as `rslock` does.
pub struct Redlock(&'static redlock::RedLock, String);

impl Rival for Redlock {
    const KIND: Kind = Kind::BLOCKING;
    type Held = redlock::Lock<'static>;

    async fn open(url: &str, name: &str) -> Self {
        // A lock borrows its manager; there are a few of these in the whole run.
        let manager = redlock::RedLock::new(masters(url).collect());
        Self(Box::leak(Box::new(manager)), name.to_owned())
    }

    fn another(&self, _: &str) -> Option<Self> {
        None
    }

    async fn lock(&self) -> redlock::Lock<'static> {
        loop {
            let ttl = TTL.as_millis() as usize;
            if let Some(lock) = self.0.lock(self.1.as_bytes(), ttl).expect("the server is there") {
                return lock;
            }
        }
    }

    async fn unlock(&self, lock: redlock::Lock<'static>) {
        self.0.unlock(&lock);
    }
}
