//! The tables of a run that is made up: what the ratios of leases are given to, and what the
//! progression counts in.

use lockset_compare::{ALONE, Report, table};
use serde_json::{Value, json};

const ROUNDS: usize = 7;

fn lock(primitive: &str, name: &str, origin: &str, server: Option<&str>, pair_ns: f64) -> Value {
    let one = |figure: f64| vec![figure; ROUNDS];
    json!({
        "primitive": primitive, "name": name, "origin": origin, "server": server, "fault": null,
        "rows": [{
            "scenario": ALONE.to_string(), "rate": one(1e9 / pair_ns), "cpu_ns": one(pair_ns),
            "jain": one(1.0), "p99_ns": vec![1; ROUNDS], "longest_ns": vec![1; ROUNDS],
            "waits": { "counts": [], "longest": 0 },
        }],
    })
}

/// A mutex, and leases on two servers and on none.
fn run() -> Report {
    let (etcd, mariadb) = (Some("etcd, 1 ms away"), Some("mariadb, 1 ms away"));
    let locks = [
        lock("mutex", "Mutex", "ours", None, 5.0),
        lock("lease", "sqlite", "ours", None, 400_000.0),
        lock("lease", "etcd, 1 ms away", "ours", etcd, 4_200_000.0),
        lock("lease", "bare round trip, etcd, 1 ms away", "bare", etcd, 2_000_000.0),
        lock("lease", "lock RPC, etcd, 1 ms away", "rival", etcd, 8_400_000.0),
        lock("lease", "mariadb, 1 ms away", "ours", mariadb, 4_800_000.0),
        lock("lease", "bare round trip, mariadb, 1 ms away", "bare", mariadb, 2_400_000.0),
        lock("lease", "GET_LOCK, mariadb, 1 ms away", "rival", mariadb, 4_800_000.0),
    ];
    let machine = json!({
        "processor": "", "processors": 2, "kernel": "", "load": 0.0, "rustc": "",
        "is_optimised": true, "versions": [],
    });
    serde_json::from_value(json!({
        "format": 1, "quick": true, "seed": 1, "rounds": ROUNDS, "seconds": 1.0,
        "machine": machine, "locks": locks,
    }))
    .unwrap()
}

/// The words of the last line that has this name.
fn words<'t>(table: &'t str, name: &str) -> Vec<&'t str> {
    let line = table.lines().rfind(|line| line.contains(name)).unwrap();
    line.split_once(name).unwrap().1.split_whitespace().collect()
}

#[test]
fn leases_are_compared_with_the_rival_on_their_server() {
    let table = table(&run(), None);
    let leases = table.split("\nThe progression").next().unwrap();
    // Its pair, a number and a unit, and then the ratio.
    let ratio = |name: &str| words(leases, name)[2].trim_end_matches(['+', '-']).to_owned();
    assert_eq!(ratio("* etcd, 1 ms away"), "2.00", "{leases}");
    assert_eq!(ratio("lock RPC, etcd, 1 ms away"), "1.00");
    assert_eq!(ratio("* mariadb, 1 ms away"), "1.00");
    assert_eq!(ratio("bare round trip, mariadb, 1 ms away"), "2.00");
    assert_eq!(ratio("* sqlite"), "1.00", "it has no rival there: {leases}");
}

#[test]
fn the_progression_counts_in_the_round_trips_of_the_same_server() {
    let table = table(&run(), None);
    let progression = table.split("\nThe progression").nth(1).unwrap();
    let row = |id: &str| words(progression, id).join(" ");
    assert_eq!(row("lease/etcd, 1 ms away"), "4.20 ms 840,000 mutexes 2.10 round trips");
    assert_eq!(row("lease/mariadb, 1 ms away"), "4.80 ms 960,000 mutexes 2.00 round trips");
    assert_eq!(row("lease/sqlite"), "400 µs 80,000 mutexes");
}
