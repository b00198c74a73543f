//! How many round trips each thing costs, on a server that is some milliseconds away.

use std::time::Duration;

use lockset_api::{AsyncLock as _, Deadline, Released};
use lockset_remote::{Locks, RemoteLease, RemoteLock, postgres::Postgres};
use testbed::Proxy;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::{Server, at, runtime};

/// Long beside what the client does between two messages that it sends at once.
const ONE_WAY: Duration = Duration::from_millis(10);

/// So that nothing is renewed meanwhile.
const LONG: Duration = Duration::from_secs(600);

async fn lock(url: &str) -> RemoteLock {
    let store = Postgres::new(url).unwrap();
    let lock = Locks::on(&Handle::current(), store).lock("job").unwrap().with_ttl(LONG).unwrap();
    // Its session is made, and its statements are prepared.
    release(lock.lock_async().await.unwrap()).await;
    lock
}

async fn release(lease: RemoteLease) {
    assert_eq!(lease.release_async().await.unwrap(), Released::InTime);
}

/// All that clients have waited for so far, on all connections.
fn round_trips(proxy: &Proxy) -> u64 {
    proxy.traffic().iter().map(|connection| connection.round_trips).sum()
}

#[test]
fn a_pair_is_two_and_a_hand_over_one() {
    let server = Server::start().unwrap_or_else(|error| panic!("{error}"));
    let proxy = Proxy::with_delay(server.addr(), ONE_WAY).unwrap();
    let url = at(proxy.addr());
    runtime().block_on(async {
        let (one, other) = (lock(&url).await, lock(&url).await);
        let direct = Locks::on(&Handle::current(), Postgres::new(&server.url()).unwrap());
        for _ in 0..5 {
            let before = round_trips(&proxy);
            let held = one.lock_async().await.unwrap();
            assert_eq!(round_trips(&proxy) - before, 1, "an acquire");
            let waiting = other.acquire(Deadline::NEVER);
            let waiter = tokio::spawn(async move { waiting.await.unwrap().unwrap() });
            while direct.inspect_async("job").await.unwrap().waiters.is_empty() {}
            let before = round_trips(&proxy);
            release(held).await;
            let next = waiter.await.unwrap();
            assert_eq!(round_trips(&proxy) - before, 1, "a hand-over");
            release(next).await;
            assert_eq!(round_trips(&proxy) - before, 2, "a release");
        }
    });
}

#[test]
fn each_of_many_contenders_has_it_for_two_however_many_they_are() {
    const ROUNDS: u32 = 4;

    let server = Server::start().unwrap_or_else(|error| panic!("{error}"));
    let proxy = Proxy::with_delay(server.addr(), ONE_WAY).unwrap();
    let url = at(proxy.addr());
    runtime().block_on(async {
        for contenders in [2, 8, 32] {
            let mut locks = Vec::new();
            for _ in 0..contenders {
                locks.push(lock(&url).await);
            }
            let before = round_trips(&proxy);
            let mut tasks = JoinSet::new();
            for lock in locks {
                tasks.spawn(async move {
                    for _ in 0..ROUNDS {
                        release(lock.lock_async().await.unwrap()).await;
                    }
                });
            }
            tasks.join_all().await;
            let each = (round_trips(&proxy) - before) as f64 / f64::from(ROUNDS * contenders);
            assert_eq!(each, 2.0, "{contenders} contenders");
        }
    });
}
