//! How many round trips each thing costs, on a server that is some milliseconds away.

use std::time::{Duration, Instant};

use lockset_api::{AsyncLock as _, Deadline, Released};
use lockset_remote::{Locks, RemoteLease, RemoteLock, postgres::Postgres};
use testbed::Proxy;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::{Server, at, client, runtime};

/// One way. Long beside what the machine does meanwhile.
const ONE_WAY: Duration = Duration::from_millis(4);

const ROUNDS: u32 = 25;

async fn lock(url: &str) -> RemoteLock {
    let store = Postgres::new(url).unwrap();
    let lock = Locks::on(&Handle::current(), store).lock("job").unwrap();
    // Its session is made, and its statements are prepared.
    release(lock.lock_async().await.unwrap()).await;
    lock
}

async fn release(lease: RemoteLease) {
    assert_eq!(lease.release_async().await.unwrap(), Released::InTime);
}

/// The middle one of so many, each in round trips.
async fn median(mut each: impl AsyncFnMut() -> Duration) -> f64 {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(each().await.div_duration_f64(ONE_WAY * 2));
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[test]
fn a_pair_is_two_a_hand_over_one_and_each_lock_of_many_one() {
    // Round trips are counted here. What a disk takes for a fence is its own affair.
    let server = Server::start_with(&["fsync=off"]).unwrap_or_else(|error| panic!("{error}"));
    let proxy = Proxy::with_delay(server.addr(), ONE_WAY).unwrap();
    let url = at(proxy.addr());
    runtime().block_on(async {
        let bare = client(&url).await;
        let bare_trip = median(async || {
            let asked = Instant::now();
            bare.query_typed("SELECT 1", &[]).await.unwrap();
            asked.elapsed()
        });
        let bare_trip = bare_trip.await;
        let (one, other) = (lock(&url).await, lock(&url).await);
        let pair = median(async || {
            let asked = Instant::now();
            release(one.lock_async().await.unwrap()).await;
            asked.elapsed()
        });
        let pair = pair.await;
        let direct = Locks::on(&Handle::current(), Postgres::new(&server.url()).unwrap());
        let hand_over = median(async || {
            let held = one.lock_async().await.unwrap();
            let waiting = other.acquire(Deadline::NEVER);
            let waiter = tokio::spawn(async move {
                let lease = waiting.await.unwrap().unwrap();
                (Instant::now(), lease)
            });
            while direct.inspect_async("job").await.unwrap().waiters.is_empty() {}
            let released = Instant::now();
            release(held).await;
            let (granted, lease) = waiter.await.unwrap();
            release(lease).await;
            granted - released
        });
        let hand_over = hand_over.await;
        println!(
            "in round trips: SELECT 1 {bare_trip:.2}, pair {pair:.2}, hand-over {hand_over:.2}"
        );
        assert!(pair < 2.5, "{pair}");
        assert!(hand_over < 1.5, "{hand_over}");
        for contenders in [2, 8, 32] {
            let bare = contended_bare(&url, contenders).await;
            let ours = contended(&url, contenders).await;
            println!("{contenders} contend: {ours:.2} a lock; pg_advisory_lock alone {bare:.2}");
            assert!(ours < 1.5, "{contenders}: {ours}");
        }
    });
}

/// How many round trips from one grant to the next, while so many want it all the time.
async fn contended(url: &str, contenders: u32) -> f64 {
    let mut locks = Vec::new();
    for _ in 0..contenders {
        locks.push(lock(url).await);
    }
    let rounds = rounds(contenders);
    let asked = Instant::now();
    let mut tasks = JoinSet::new();
    for lock in locks {
        tasks.spawn(async move {
            for _ in 0..rounds {
                release(lock.lock_async().await.unwrap()).await;
            }
        });
    }
    tasks.join_all().await;
    asked.elapsed().div_duration_f64(ONE_WAY * 2) / f64::from(rounds * contenders)
}

/// The same with nothing around the server's own lock: no fence, no TTL, nobody to be told.
async fn contended_bare(url: &str, contenders: u32) -> f64 {
    let mut clients = Vec::new();
    for _ in 0..contenders {
        clients.push(client(url).await);
    }
    let rounds = rounds(contenders);
    let asked = Instant::now();
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(async move {
            for _ in 0..rounds {
                client.query_typed("SELECT pg_advisory_lock(7)", &[]).await.unwrap();
                client.query_typed("SELECT pg_advisory_unlock(7)", &[]).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    asked.elapsed().div_duration_f64(ONE_WAY * 2) / f64::from(rounds * contenders)
}

fn rounds(contenders: u32) -> u32 {
    128 / contenders
}
