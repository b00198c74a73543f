//! The least that a quorum takes: all masters are asked at once, and the majority decides.
//!
//! A prototype to compare with, and no lock to use: it has no fence, counts on no deadline, and
//! what a hung master got to hear stays there until its time is over.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, Script};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::bare::{TOKEN, UNLOCK};
use crate::rival::{Kind, Rival, masters};
use crate::rounds::Random;

/// `SET` to all masters, and the usual script to all of them.
pub(crate) struct FanOut {
    masters: Vec<MultiplexedConnection>,
    unlock: Script,
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
        let mut connections = Vec::new();
        for master in masters(url) {
            let client = Client::open(master).expect("a URL");
            let connection = client.get_multiplexed_async_connection().await;
            connections.push(connection.expect("the server is there"));
        }
        // Relaxed: the number only has to be unlike every other.
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            masters: connections,
            unlock: Script::new(UNLOCK),
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
    unlock: Script,
    name: String,
    token: String,
}

impl FanOut {
    /// Whether a majority says yes; answered as soon as that is known. The others are heard in the
    /// background.
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
        let mut asked: JoinSet<bool> = self.masters.iter().map(order).map(ask).collect();
        let majority = self.masters.len() / 2 + 1;
        let (mut yes, mut no) = (0, 0);
        while yes < majority && no + majority <= self.masters.len() {
            match asked.join_next().await {
                Some(Ok(true)) => yes += 1,
                Some(_) => no += 1,
                None => break,
            }
        }
        asked.detach_all();
        yes >= majority
    }
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
