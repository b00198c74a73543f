//! The redis-rs client without a library around it: with the simplest lock there is, and with the
//! commands of any other.

use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, Script, Value};
use tokio::runtime::Builder;

use crate::commands::Command;
use crate::rival::{Kind, Rival};

/// What a page about locks in Redis begins with.
pub(crate) const UNLOCK: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// Sets a key if it is not there, and deletes it if it is still its own. It waits for nothing.
pub(crate) struct SetAndEval(MultiplexedConnection, Script, String);

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

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

/// How long each of so many repetitions of `commands` takes a thread that blocks.
pub(crate) fn blocking(url: &str, commands: &[Command], count: usize) -> Vec<f64> {
    let client = Client::open(url).expect("a URL");
    let mut connection = client.get_connection().expect("the server is there");
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        for command in commands {
            built(command).query::<Value>(&mut connection).expect("the server answers");
        }
        times.push(start.elapsed().as_secs_f64());
    }
    times
}

/// How long it takes a task on a runtime of one thread.
pub(crate) fn in_a_task(url: &str, commands: &[Command], count: usize) -> Vec<f64> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut connection = connect(url).await;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            for command in commands {
                let answer = built(command).query_async::<Value>(&mut connection).await;
                answer.expect("the server answers");
            }
            times.push(start.elapsed().as_secs_f64());
        }
        times
    })
}

async fn connect(url: &str) -> MultiplexedConnection {
    let client = Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("the server is there")
}

/// Anew each time, as a lock has to, whose name or request may be another.
fn built(command: &Command) -> Cmd {
    let mut built = Cmd::new();
    command.iter().for_each(|word| _ = built.arg(word.as_slice()));
    built
}
