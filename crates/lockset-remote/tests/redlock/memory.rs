//! Masters that restart empty: their votes and their counters are not missed.

use std::time::Duration;

use lockset_api::{Lease as _, Lock};
use lockset_remote::Renewal;

use crate::masters::{History, Masters, release};

const BRIEF: Duration = Duration::from_secs(2);

#[test]
fn a_new_quorum_is_of_use_at_once() {
    let masters = Masters::five();
    release(masters.lock().lock().unwrap());
    for node in 0..5 {
        testbed::eventually("it belongs", || masters.is_member(node));
    }
}

/// Three have voted; one of them forgets it, and with the two that have not it would be a majority.
#[test]
fn a_master_that_forgot_its_vote_gives_it_to_nobody_else() {
    let masters = Masters::five();
    release(masters.lock_for(BRIEF).lock().unwrap());
    for node in 0..5 {
        testbed::eventually("it belongs", || masters.is_member(node));
    }
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
    [3, 4].into_iter().for_each(|node| masters.wires[node].sever());
    let lock = masters.lock_for(BRIEF).with_renewal(Renewal::Never);
    let lease = lock.lock().unwrap();
    masters.server(2).restart().unwrap();
    [3, 4].into_iter().for_each(|node| masters.wires[node].heal());

    let next = masters.lock_for(BRIEF).lock().unwrap();
    assert!(lease.remaining().is_zero(), "granted twice: {:?} were left", lease.remaining());
    assert!(next.fence() > lease.fence());
    testbed::eventually("it belongs again", || masters.is_member(2));
    release(next);
}

/// A master that comes back counts on from what the others remember, so that a client whose clock
/// is behind has a greater fence all the same.
#[test]
fn a_master_that_forgot_its_counter_counts_on_from_that_of_the_others() {
    let masters = Masters::five();
    let lock = masters.lock_for(BRIEF);
    release(lock.lock().unwrap());
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
    // Far beyond every clock: what a client whose clock is ahead would have left.
    let ahead = 8_000_000_000_000_000;
    for node in 0..5 {
        let fence = ahead.to_string();
        let server = masters.server(node);
        server.command(&["HSET", "lockset:{job}", "fence", &fence]).unwrap();
        server.command(&["HSET", "lockset:member", "top", &fence]).unwrap();
    }
    let history = History::default();
    history.take(&lock).release();
    for node in [1, 4, 0] {
        masters.server(node).restart().unwrap();
        testbed::eventually("it belongs again", || {
            // Of this lock it hears nothing meanwhile.
            let other = masters.locks().lock("other").unwrap().with_ttl(BRIEF).unwrap();
            drop(other.lock().unwrap());
            masters.is_member(node)
        });
    }
    // A majority that has forgotten the lock since, one after the other.
    [2, 3].into_iter().for_each(|node| masters.wires[node].sever());
    history.take(&masters.lock_for(BRIEF)).release();
    assert!([0, 1, 4].iter().all(|&node| masters.counter(node) > ahead));
}
