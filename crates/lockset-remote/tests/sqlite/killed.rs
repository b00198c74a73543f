//! Processes that are killed at any moment, in the middle of whatever they do.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Released};
use lockset_remote::{Locks, sqlite::Sqlite};
use rusqlite::Connection;

use crate::child::{CHURN_TTL, Child};

/// How many are killed, in rounds of so many at a time.
const ROUNDS: u64 = 40;
const AT_ONCE: u64 = 6;

/// How much longer than the TTL a lock may stay locked. By a second, for a machine that is busy.
const MARGIN: Duration = Duration::from_secs(1);

#[test]
fn nothing_stays_locked_or_is_damaged_or_goes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    let locks = Locks::new(Sqlite::open(&path).unwrap());
    let both = locks.lock_all(&["a", "b"]).unwrap();
    let deeper = std::env::var_os("LOCKSET_DEEPER").map_or(1, |_| 10);
    let mut random: u64 = 1;
    let mut seen: [BTreeSet<u64>; 2] = Default::default();
    let mut kills = 0;
    for round in 0..ROUNDS * deeper {
        let mut children: Vec<_> = (0..AT_ONCE).map(|_| Child::start(&path)).collect();
        for (number, child) in (round * AT_ONCE..).zip(&mut children) {
            child.tell(&format!("churn {number}"));
        }
        for mut child in children {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // At any moment of the following milliseconds.
            let moment = Instant::now() + Duration::from_micros(random >> 33 & 0x7fff);
            while Instant::now() < moment {
                thread::yield_now();
            }
            child.kill();
            kills += 1;
            while let Some(grant) = child.answer() {
                let (names, fence) = grant.split_once(' ').unwrap();
                let fence: u64 = fence.parse().unwrap();
                for (name, seen) in ["a", "b"].iter().zip(&mut seen) {
                    let is_new = !names.contains(name) || seen.insert(fence);
                    assert!(is_new, "{name}'s fence {fence} was granted twice");
                }
            }
        }
        let soon = Deadline::after(CHURN_TTL + MARGIN);
        let lease = lockset_api::block_on(both.acquire(soon)).unwrap();
        let lease = lease.expect("locked on behalf of one who was killed");
        let fence = lease.fence().value();
        for seen in &mut seen {
            assert!(seen.last().is_none_or(|latest| *latest < fence), "a fence went back");
            seen.insert(fence);
        }
        assert_eq!(lease.release().unwrap(), Released::InTime);
        let file = Connection::open(&path).unwrap();
        let verdict: String =
            file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
    }
    println!("{kills} killed; {} and {} grants", seen[0].len(), seen[1].len());
    // Otherwise they were killed before they had done anything.
    assert!(seen[0].len() > kills, "{} grants by {kills}", seen[0].len());
}
