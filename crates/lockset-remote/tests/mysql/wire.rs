//! Round trips: a wire so long that nothing else counts.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Lock, Released, block_on};
use testbed::Proxy;

use super::{LONG, SERVER, behind, job, until_waiting};

const ONE_WAY: Duration = Duration::from_millis(40);

/// How many round trips went by, with some time for the server's own work.
fn round_trips(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() / (ONE_WAY * 2).as_secs_f64()
}

#[test]
fn acquire_and_release_are_one_round_trip_each() {
    let proxy = Proxy::with_delay(SERVER.addr(), ONE_WAY).unwrap();
    let lock = job(&behind(&proxy), "wire/pair", LONG);
    // The first one connects.
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    let mut trips = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let lease = lock.lock().unwrap();
        assert_eq!(lease.release().unwrap(), Released::InTime);
        trips.push(round_trips(began));
    }
    trips.sort_by(f64::total_cmp);
    assert!(trips[0] > 1.95 && trips[2] < 2.5, "{trips:?}");
    assert_eq!(proxy.traffic().len(), 1, "it connected anew");
}

#[test]
fn a_hand_over_is_one_round_trip() {
    let proxy = Proxy::with_delay(SERVER.addr(), ONE_WAY).unwrap();
    let (one, other) =
        (job(&behind(&proxy), "wire/over", LONG), job(&behind(&proxy), "wire/over", LONG));
    let mut trips = Vec::new();
    for _ in 0..5 {
        let held = one.lock().unwrap();
        let waiting = other.acquire(Deadline::NEVER);
        until_waiting("wire/over", 1);
        let began = Instant::now();
        drop(held);
        let next = block_on(waiting).unwrap().unwrap();
        trips.push(round_trips(began));
        assert_eq!(next.release().unwrap(), Released::InTime);
    }
    trips.sort_by(f64::total_cmp);
    assert!(trips[0] > 0.95 && trips[2] < 1.5, "{trips:?}");
}

#[test]
fn a_waiter_costs_nothing_while_it_waits() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let held = job(&SERVER.url(), "wire/idle", LONG).lock().unwrap();
    let waiting = job(&behind(&proxy), "wire/idle", LONG).acquire(Deadline::NEVER);
    until_waiting("wire/idle", 1);
    let before = proxy.traffic();
    // The time that is looked at, not one that anything needs.
    assert_eq!(held.lost().wait(Deadline::after(Duration::from_secs(2))), None);
    assert_eq!(proxy.traffic(), before);
    drop(waiting);
}
