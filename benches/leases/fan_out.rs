//! The least that a quorum takes: all masters are asked at once, and the majority decides.
//!
//! Prototypes to compare with, and no locks to use: they count on no deadline, and what a hung
//! master got to hear stays there until its time is over.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockset_bench_leases::redis_client::{TOKEN, UNLOCK};
use lockset_remote::redis::Redis;
use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, RedisResult, Value};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::commands::{Command, Script};
use crate::in_process::InProcess;
use crate::line::Line;
use crate::ours::LocksetQuorum;
use crate::rival::{Figure, Kind, Rival, masters};
use crate::rounds::Random;

/// `SET` to all masters, and the usual script to all of them.
pub(crate) struct FanOut {
    masters: Vec<MultiplexedConnection>,
    unlock: redis::Script,
    name: String,
    token: String,
    random: RefCell<Random>,
}

/// The longest pause after a failed try.
const PAUSE: Duration = Duration::from_millis(5);

/// So that no two back off alike.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Rival for FanOut {
    const KIND: Kind = Kind::ASYNC;
    type Held = ();

    async fn open(url: &str, name: &str) -> Self {
        // Relaxed: the number only has to be unlike every other.
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            masters: connect(url).await,
            unlock: redis::Script::new(UNLOCK),
            name: name.to_owned(),
            token: format!("{TOKEN}{nth}"),
            random: RefCell::new(Random::of(nth)),
        }
    }

    fn another(&self, _: &str) -> Option<Self> {
        None
    }

    async fn lock(&self) {
        while !self.ask_all(set).await {
            self.ask_all(unlock).await;
            let longest = u64::try_from(PAUSE.as_micros()).unwrap_or(u64::MAX);
            let pause = self.random.borrow_mut().below(longest);
            sleep(Duration::from_micros(pause)).await;
        }
    }

    async fn unlock(&self, (): ()) {
        assert!(self.ask_all(unlock).await, "it was ours");
    }
}

/// What one master is asked.
struct Order {
    master: MultiplexedConnection,
    unlock: redis::Script,
    name: String,
    token: String,
}

impl FanOut {
    /// Whether a majority says yes.
    async fn ask_all<F>(&self, ask: fn(Order) -> F) -> bool
    where
        F: Future<Output = bool> + Send + 'static,
    {
        let order = |master: &MultiplexedConnection| Order {
            master: master.clone(),
            unlock: self.unlock.clone(),
            name: self.name.clone(),
            token: self.token.clone(),
        };
        majority(self.masters.iter().map(order).map(ask)).await
    }
}

/// Whether a majority says yes; answered as soon as that is known. The others are heard in the
/// background.
async fn majority<F>(asked: impl Iterator<Item = F>) -> bool
where
    F: Future<Output = bool> + Send + 'static,
{
    let mut asked: JoinSet<bool> = asked.collect();
    let all = asked.len();
    let majority = all / 2 + 1;
    let (mut yes, mut no) = (0, 0);
    while yes < majority && no + majority <= all {
        match asked.join_next().await {
            Some(Ok(true)) => yes += 1,
            Some(_) => no += 1,
            None => break,
        }
    }
    asked.detach_all();
    yes >= majority
}

async fn connect(url: &str) -> Vec<MultiplexedConnection> {
    let mut connections = Vec::new();
    for master in masters(url) {
        let client = Client::open(master).expect("a URL");
        let connection = client.get_multiplexed_async_connection().await;
        connections.push(connection.expect("the server is there"));
    }
    connections
}

async fn set(mut order: Order) -> bool {
    let mut set = redis::cmd("SET");
    set.arg(&order.name).arg(&order.token).arg("NX").arg("PX").arg(10_000);
    let answer: Option<String> = set.query_async(&mut order.master).await.ok().flatten();
    answer.is_some()
}

async fn unlock(mut order: Order) -> bool {
    let mut call = order.unlock.key(&order.name);
    call.arg(&order.token)
        .invoke_async::<i64>(&mut order.master)
        .await
        .is_ok_and(|freed| freed == 1)
}

/// The very commands that a pair of ours sends, to all masters at once: what ours costs without us.
pub(crate) struct Replay {
    masters: Vec<MultiplexedConnection>,
    take: Cmd,
    give: Cmd,
}

/// Learnt from ours before anything is measured.
static COMMANDS: OnceLock<Figure<Script>> = OnceLock::new();

/// Learns the commands of a quorum of ours, which the first of these masters sees.
pub(crate) fn learn(line: &mut Line) {
    let mut ours = InProcess::<LocksetQuorum<Redis>>::new(&line.url());
    let (server, name) = (line.server(), line.fresh_name());
    COMMANDS.get_or_init(|| Script::of(&mut ours, server, &name));
}

impl Rival for Replay {
    // One request for all of them: there is nobody to wait for.
    const KIND: Kind = Kind { waits: false, ..Kind::ASYNC };
    type Held = ();

    async fn open(url: &str, name: &str) -> Self {
        let known = COMMANDS.get().expect("they were learnt").as_ref();
        let script = known.unwrap_or_else(|error| panic!("the commands of ours: {error}"));
        let [take, give] = &script.commands[..] else { panic!("a pair is {:?}", script.commands) };
        let named = |command: &Command| {
            let mut named = Cmd::new();
            for word in command {
                let word = String::from_utf8_lossy(word);
                named.arg(word.replace(&format!("{{{}}}", script.name), &format!("{{{name}}}")));
            }
            named
        };
        Self { masters: connect(url).await, take: named(take), give: named(give) }
    }

    fn another(&self, _: &str) -> Option<Self> {
        None
    }

    async fn lock(&self) {
        assert!(self.ask_all(&self.take).await, "nobody else wants it");
    }

    async fn unlock(&self, (): ()) {
        assert!(self.ask_all(&self.give).await, "it was ours");
    }
}

impl Replay {
    async fn ask_all(&self, command: &Cmd) -> bool {
        let ask = |master: &MultiplexedConnection| {
            let (mut master, command) = (master.clone(), command.clone());
            async move {
                let answer: RedisResult<Value> = command.query_async(&mut master).await;
                match answer {
                    Ok(Value::Array(answer)) => answer.first() == Some(&Value::Int(1)),
                    answer => answer == Ok(Value::Int(1)),
                }
            }
        };
        majority(self.masters.iter().map(ask)).await
    }
}
