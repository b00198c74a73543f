//! The lock that the ZooKeeper client which we use brings itself, as its documentation says to use
//! it.

use zookeeper_client::{Acls, Client, CreateMode, LockClient, LockOptions, LockPrefix};

use crate::rival::{Kind, Rival};

/// Lists the line anew whenever the one before it has gone.
pub struct ZooKeeperClient(&'static Client, String);

impl Rival for ZooKeeperClient {
    const KIND: Kind = Kind::ASYNC;
    type Held = LockClient<'static>;

    async fn open(url: &str, name: &str) -> Self {
        let hosts = url.trim_start_matches("zk://");
        let client = Client::connect(hosts).await.expect("the server is there");
        // A lock borrows its client; there are some dozens of these in the whole run.
        Self(Box::leak(Box::new(client)), format!("/rivals/{name}"))
    }

    fn another(&self, name: &str) -> Option<Self> {
        Some(Self(self.0, format!("/rivals/{name}")))
    }

    async fn lock(&self) -> LockClient<'static> {
        let prefix = LockPrefix::new_curator(&self.1, "lock-").expect("a path");
        let parents = CreateMode::Container.with_acls(Acls::anyone_all());
        let options = LockOptions::new(Acls::anyone_all()).with_ancestor_options(parents);
        let lock = self.0.lock(prefix, b"", options.expect("no sequence")).await;
        lock.expect("the server is there")
    }

    async fn unlock(&self, held: LockClient<'static>) {
        self.0.delete(held.lock_path(), None).await.expect("it was ours");
        // Dropping it would delete the node once more, in the background.
        core::mem::forget(held);
    }
}
