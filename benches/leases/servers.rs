//! One row for each server that keeps leases: what they cost in round trips, and what they rest on.

use std::time::Instant;

use lockset_api::{AsyncLock, Released};
use lockset_compare::stats::median;
use lockset_remote::etcd::Etcd;
use lockset_remote::mysql::Mysql;
use lockset_remote::postgres::Postgres;
use lockset_remote::redis::Redis;
use lockset_remote::zookeeper::ZooKeeper;
use lockset_remote::{Locks, RemoteLock};
use tokio::runtime::{Builder, Handle};

use crate::line::Line;
use crate::ours::Master;
use crate::rounds::{Effort, spread};

/// PINGs before each thing that is measured.
const PINGS: usize = 9;

struct Row {
    name: &'static str,
    line: fn() -> Line,
    locks: fn(&str) -> Locks,
    ends: &'static str,
    rests_on: &'static str,
    waits_for: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        name: "Redis",
        line: Line::far,
        locks: locks::<Redis>,
        ends: "its TTL",
        rests_on: "the server's clock and memory",
        waits_for: "a push to the next in line",
    },
    Row {
        name: "etcd",
        line: Line::far_etcd,
        locks: locks::<Etcd>,
        ends: "the session, a lease of etcd's",
        rests_on: "a majority, and how fast the leader's clock goes",
        waits_for: "a watch on the key before",
    },
    Row {
        name: "ZooKeeper",
        line: Line::far_zookeeper,
        locks: locks::<ZooKeeper>,
        ends: "its TTL, or the session",
        rests_on: "a majority, and how fast the leader's clock goes",
        waits_for: "a watch on the node before",
    },
    Row {
        name: "PostgreSQL",
        line: Line::far_postgres,
        locks: locks::<Postgres>,
        ends: "the connection",
        rests_on: "the connection",
        waits_for: "the server's own queue",
    },
    Row {
        name: "MariaDB",
        line: Line::far_mariadb,
        locks: locks::<Mysql>,
        ends: "its TTL",
        rests_on: "the server's wall clock, where a connection breaks",
        waits_for: "the server's own queue",
    },
];

fn locks<M: Master>(url: &str) -> Locks {
    Locks::on(&Handle::current(), M::at(url))
}

/// In round trips.
#[derive(Default)]
struct Measured {
    acquire: Vec<f64>,
    release: Vec<f64>,
    hand_over: Vec<f64>,
}

pub(crate) fn report(effort: &Effort) {
    let mut rows: Vec<_> =
        ROWS.iter().map(|row| (row, (row.line)(), Measured::default())).collect();
    for _ in 0..effort.pairs.0 {
        for (row, line, measured) in &mut rows {
            measure(row, line, effort, measured);
        }
    }
    println!(
        "| kept by | acquire, RTT | release, RTT | hand-over, RTT | ends with | rests on \
         | a waiter waits for |\n|---|---|---|---|---|---|---|"
    );
    for (row, _, measured) in rows {
        let Row { name, ends, rests_on, waits_for, .. } = row;
        let figures = [measured.acquire, measured.release, measured.hand_over];
        let figures = figures.map(|figures| spread(figures.into_iter())).join(" | ");
        println!("| {name} | {figures} | {ends} | {rests_on} | {waits_for} |");
    }
}

/// One round: the median of each.
fn measure(row: &Row, line: &mut Line, effort: &Effort, measured: &mut Measured) {
    let (rtt, name, url) = (line.rtt(PINGS), line.fresh_name(), line.url());
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let locks = (row.locks)(&url);
        let one = locks.lock(&name).expect("a name");
        let other = (row.locks)(&url).lock(&name).expect("a name");
        pair(&one).await;
        pair(&other).await;
        let (mut acquire, mut release) = (Vec::new(), Vec::new());
        for _ in 0..effort.pairs.1 {
            let (acquired, released) = pair(&one).await;
            acquire.push(acquired);
            release.push(released);
        }
        let mut hand_over = Vec::new();
        for _ in 0..effort.hand_overs.1 {
            hand_over.push(handed_over(&locks, &one, &other).await);
        }
        measured.acquire.push(median(acquire) / rtt);
        measured.release.push(median(release) / rtt);
        measured.hand_over.push(median(hand_over) / rtt);
    });
}

/// How long it took to take the lock, and to give it back, in seconds.
async fn pair(lock: &RemoteLock) -> (f64, f64) {
    let start = Instant::now();
    let lease = lock.lock_async().await.expect("the server is there");
    let acquired = start.elapsed();
    let released = lease.release_async().await.expect("the server is there");
    assert_eq!(released, Released::InTime);
    (acquired.as_secs_f64(), (start.elapsed() - acquired).as_secs_f64())
}

/// How long from a release until the one who waits has it, in seconds.
async fn handed_over(locks: &Locks, holder: &RemoteLock, waiter: &RemoteLock) -> f64 {
    let held = holder.lock_async().await.expect("the server is there");
    let waits = async {
        let lease = waiter.lock_async().await.expect("the server is there");
        let acquired = Instant::now();
        assert_eq!(lease.release_async().await.expect("it is there"), Released::InTime);
        acquired
    };
    let releases = async {
        // The other stands in line, as the server says.
        let name = holder.name().as_str();
        while locks.inspect_async(name).await.expect("the server tells").waiters.is_empty() {}
        let released = Instant::now();
        let _ = held.release_async().await.expect("the server is there");
        released
    };
    let (acquired, released) = tokio::join!(waits, releases);
    (acquired - released).as_secs_f64()
}
