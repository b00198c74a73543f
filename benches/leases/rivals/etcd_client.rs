//! The lock that the etcd server itself offers, over the client that we use.

use lockset_remote::etcd::etcd_client::{Client, LockOptions};

use crate::rival::{Kind, Rival};

/// `etcd-client`'s `lock` and `unlock`, with one lease that is kept for all locks. It is long, so
/// that nothing has to keep it alive while it is measured: the client has nothing for that.
pub struct LockRpc(Client, i64, String);

/// In seconds.
const TTL: i64 = 600;

impl Rival for LockRpc {
    const KIND: Kind = Kind::ASYNC;
    /// The key.
    type Held = Vec<u8>;

    async fn open(url: &str, name: &str) -> Self {
        let address = url.trim_start_matches("etcd://");
        let client = Client::connect([address], None).await.expect("a server");
        let lease = client.lease_client().grant(TTL, None).await.expect("the server is there");
        Self(client, lease.id(), name.to_owned())
    }

    fn another(&self, name: &str) -> Option<Self> {
        Some(Self(self.0.clone(), self.1, name.to_owned()))
    }

    async fn lock(&self) -> Vec<u8> {
        let options = LockOptions::new().with_lease(self.1);
        let mut client = self.0.lock_client();
        let held = client.lock(self.2.as_str(), Some(options)).await.expect("the server is there");
        held.key().to_owned()
    }

    async fn unlock(&self, key: Vec<u8>) {
        self.0.lock_client().unlock(key).await.expect("the server is there");
    }
}
