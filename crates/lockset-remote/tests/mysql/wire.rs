//! Round trips, counted on a wire so long that what is sent at once arrives at once.

use std::time::Duration;

use lockset_api::{Deadline, Lease as _, Lock, Released, block_on};
use testbed::Proxy;

use super::{LONG, SERVER, behind, job, until_waiting};

const ONE_WAY: Duration = Duration::from_millis(10);

/// All that clients have waited for so far, on all connections.
fn round_trips(proxy: &Proxy) -> u64 {
    proxy.traffic().iter().map(|connection| connection.round_trips).sum()
}

#[test]
fn acquire_and_release_are_one_round_trip_each() {
    let proxy = Proxy::with_delay(SERVER.addr(), ONE_WAY).unwrap();
    let lock = job(&behind(&proxy), "wire/pair", LONG);
    // The first one connects.
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    for _ in 0..5 {
        let before = round_trips(&proxy);
        let lease = lock.lock().unwrap();
        assert_eq!(round_trips(&proxy) - before, 1, "an acquire");
        assert_eq!(lease.release().unwrap(), Released::InTime);
        assert_eq!(round_trips(&proxy) - before, 2, "a release");
    }
    assert_eq!(proxy.traffic().len(), 1, "it connected anew");
}

#[test]
fn a_hand_over_is_one_round_trip() {
    let proxy = Proxy::with_delay(SERVER.addr(), ONE_WAY).unwrap();
    let (one, other) =
        (job(&behind(&proxy), "wire/over", LONG), job(&behind(&proxy), "wire/over", LONG));
    for _ in 0..5 {
        let held = one.lock().unwrap();
        let waiting = other.acquire(Deadline::NEVER);
        until_waiting("wire/over", 1);
        let before = round_trips(&proxy);
        assert_eq!(held.release().unwrap(), Released::InTime);
        let next = block_on(waiting).unwrap().unwrap();
        assert_eq!(round_trips(&proxy) - before, 1);
        assert_eq!(next.release().unwrap(), Released::InTime);
    }
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
