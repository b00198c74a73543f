//! What a quorum leaves behind, and what it refuses.

use std::sync::Arc;
use std::time::Duration;

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Name, block_on};
use lockset_remote::{
    Attempt, LeaseStore, Locks, Renewal, Request, redis::Redis, redlock::Redlock,
};
use tokio::runtime::Builder;

use crate::masters::{Masters, release};

fn name() -> Name {
    Name::new("job").unwrap()
}

#[test]
fn votes_that_were_too_few_are_given_back_and_so_are_places_in_line() {
    let masters = Masters::five();
    let lock = masters.lock();
    release(lock.lock().unwrap());
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
    // Somebody has the votes of a majority.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let taken: Vec<_> = (0..3)
        .map(|node| {
            let store = Redis::new(&masters.server(node).url()).unwrap();
            let request = Request::new(name(), Duration::from_secs(60)).unwrap();
            let vote = runtime.block_on(store.attempt(&request, Duration::ZERO)).unwrap();
            assert!(matches!(vote, Attempt::Granted(_)), "{vote:?}");
            (store, request)
        })
        .collect();

    assert!(lock.try_lock().unwrap().is_none());
    masters.nothing_is_left_on(&[3, 4]);
    let brief = Deadline::after(Duration::from_millis(200));
    assert!(lock.lock_until(brief).unwrap().is_none());
    masters.nothing_is_left_on(&[3, 4]);
    let waiting = lock.acquire(Deadline::NEVER);
    testbed::eventually("it stands in line", || masters.entries(0) == 2);
    drop(waiting);
    for node in 0..3 {
        testbed::eventually("it has left the line", || masters.entries(node) == 1);
    }
    masters.nothing_is_left_on(&[3, 4]);
    for (store, request) in &taken {
        runtime.block_on(store.release(request)).unwrap();
    }
    release(lock.lock().unwrap());
}

/// The votes of three masters that are far away come late, and are as old as their way.
#[test]
fn what_is_left_of_a_lease_that_was_handed_over_counts_from_the_oldest_vote() {
    let (near, far) = (Duration::ZERO, Duration::from_millis(200));
    let masters = Masters::with_delays([near, near, far, far, far]);
    let held = masters.locks_near().lock("job").unwrap().lock().unwrap();
    let ttl = Duration::from_secs(20);
    let lock = masters.lock_for(ttl).with_renewal(Renewal::Never);
    let waiting = lock.acquire(Deadline::NEVER);
    for node in 0..5 {
        testbed::eventually("it stands in line", || masters.entries(node) == 2);
    }
    // So long that the start of the wait would be no answer, nor would that of the last answer.
    assert_eq!(held.lost().wait(Deadline::after(far * 5)), None);
    release(held);
    let lease = block_on(waiting).unwrap().unwrap();
    let drift = ttl / 100 + Duration::from_millis(2);
    let left = lease.remaining();
    assert!(left <= ttl - far - drift, "{left:?} left of {ttl:?} after {far:?} of way");
    assert!(left > ttl - far * 3 - drift, "{left:?} left: it counts from the wait's start");
}

#[test]
fn a_lease_is_told_apart_and_taken_over_by_its_ticket() {
    let masters = Masters::five();
    let (one, other) = (masters.locks(), masters.locks());
    let lease = one.lock("job").unwrap().with_note("nightly").lock().unwrap();
    let waiting = other.lock("job").unwrap().acquire(Deadline::NEVER);
    testbed::eventually("it stands in line", || one.inspect("job").unwrap().waiters.len() == 1);
    let status = one.inspect("job").unwrap();
    assert_eq!(status.fence, Some(lease.fence()));
    assert_eq!(status.holders.len(), 1, "{status:?}");
    assert_eq!(status.holders[0].note.as_deref(), Some("nightly"));
    drop(waiting);
    let fence = lease.fence();
    let resumed = other.resume(lease.into_ticket()).unwrap();
    assert_eq!(resumed.fence(), fence);
    release(resumed);
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
}

#[test]
fn several_names_are_granted_together() {
    let masters = Masters::five();
    let locks = masters.locks();
    let both = locks.lock_all(&["job", "other"]).unwrap();
    let lease = both.lock().unwrap();
    assert!(locks.lock("other").unwrap().try_lock().unwrap().is_none());
    let fence = lease.fence();
    release(lease);
    let next = locks.lock("other").unwrap().lock().unwrap();
    assert!(next.fence() > fence);
}

#[test]
fn what_no_quorum_can_do_is_refused() {
    let store = |port: usize| -> Arc<dyn LeaseStore> {
        Arc::new(Redis::new(&format!("redis://127.0.0.1:{port}")).unwrap())
    };
    let refused = |ports: &[usize], part: &str| {
        let stores = ports.iter().map(|&port| store(port)).collect();
        let error = Redlock::new(stores).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(&[], "survives no failure");
    refused(&[1, 2], "survives no failure");
    refused(&[1, 2, 3, 4], "no more than one of 3");
    refused(&[1, 2, 1], "twice");
    let locks = Locks::new(Redlock::new((1..=3).map(store).collect()).unwrap());
    assert_eq!(locks.rw_lock("job").unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(locks.semaphore("job", 2).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(locks.lock("}job").unwrap_err().kind(), ErrorKind::InvalidName);
}
