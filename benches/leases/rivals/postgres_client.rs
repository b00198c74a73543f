//! The lock that PostgreSQL has itself, over the client that we use, with nothing around it: no
//! fence, no TTL, and it is gone when its connection is.

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio_postgres::{Client, NoTls};

use crate::rival::{Kind, Rival};

/// `pg_advisory_lock`, and a connection that has it.
pub struct AdvisoryLock(Client, i64);

impl AdvisoryLock {
    async fn say(&self, function: &str) {
        let text = format!("SELECT {function}({})", self.1);
        self.0.simple_query(&text).await.expect("the server answers");
    }
}

impl Rival for AdvisoryLock {
    const KIND: Kind = Kind::ASYNC;
    type Held = ();

    async fn open(url: &str, name: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("it is there");
        tokio::spawn(connection);
        let mut number = DefaultHasher::new();
        name.hash(&mut number);
        Self(client, number.finish().cast_signed())
    }

    fn another(&self, _: &str) -> Option<Self> {
        None
    }

    async fn lock(&self) {
        self.say("pg_advisory_lock").await;
    }

    async fn unlock(&self, (): ()) {
        self.say("pg_advisory_unlock").await;
    }
}
