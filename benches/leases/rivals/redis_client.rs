//! The redis-rs client without a library around it, with the simplest lock there is.

use redis::aio::MultiplexedConnection;
use redis::{Client, Script};

use crate::rival::{Kind, Rival};

/// What a page about locks in Redis begins with.
pub const UNLOCK: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// Sets a key if it is not there, and deletes it if it is still its own. It waits for nothing.
pub struct SetAndEval(MultiplexedConnection, Script, String);

/// What [`SetAndEval`] sets a key to.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

impl Rival for SetAndEval {
    const KIND: Kind = Kind { waits: false, ..Kind::ASYNC };
    type Held = ();

    async fn open(url: &str, name: &str) -> Self {
        Self(connect(url).await, Script::new(UNLOCK), name.to_owned())
    }

    fn another(&self, name: &str) -> Option<Self> {
        Some(Self(self.0.clone(), self.1.clone(), name.to_owned()))
    }

    async fn lock(&self) {
        let mut set = redis::cmd("SET");
        set.arg(&self.2).arg(TOKEN).arg("NX").arg("PX").arg(10_000);
        let answer: Option<String> = set.query_async(&mut self.0.clone()).await.expect("answers");
        assert!(answer.is_some(), "nobody else wants it");
    }

    async fn unlock(&self, (): ()) {
        let mut call = self.1.key(&self.2);
        let freed: i64 = call.arg(TOKEN).invoke_async(&mut self.0.clone()).await.expect("answers");
        assert_eq!(freed, 1, "it was ours");
    }
}

/// A connection to the server at this URL.
///
/// # Panics
///
/// If there is none.
pub async fn connect(url: &str) -> MultiplexedConnection {
    let client = Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("the server is there")
}
