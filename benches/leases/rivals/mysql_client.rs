//! The lock that MySQL and MariaDB have themselves, over the client that we use, with nothing
//! around it: no fence, and it is gone when its connection is.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use tokio::sync::Mutex;

use crate::rival::{Kind, Rival};

/// `GET_LOCK`, and a connection that has it.
pub struct GetLock(Mutex<Conn>, String);

impl GetLock {
    async fn say(&self, text: String) {
        let done: Option<u8> = self.0.lock().await.query_first(text).await.expect("answers");
        assert_eq!(done, Some(1), "it is ours, or was");
    }
}

impl Rival for GetLock {
    const KIND: Kind = Kind::ASYNC;
    type Held = ();

    async fn open(url: &str, name: &str) -> Self {
        let opts = Opts::from_url(url).expect("a URL");
        let opts = OptsBuilder::from_opts(opts).prefer_socket(Some(false));
        let conn = Conn::new(opts).await.expect("the server is there");
        Self(Mutex::new(conn), name.to_owned())
    }

    fn another(&self, _: &str) -> Option<Self> {
        None
    }

    async fn lock(&self) {
        self.say(format!("SELECT GET_LOCK('bare/{}', 600)", self.1)).await;
    }

    async fn unlock(&self, (): ()) {
        self.say(format!("SELECT RELEASE_LOCK('bare/{}')", self.1)).await;
    }
}
