//! What happens to masters, two of five at a time: nobody else notices. And to a third: the holder
//! is told in time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, ErrorKind, Lease as _, Lock, Loss};
use lockset_remote::Renewal;

use crate::masters::{History, Masters, TTL, contend, release};

/// Far less than a node is waited for that does not answer.
const SOON: Duration = Duration::from_millis(500);

/// The lock is taken, renewed and given back as if nothing were wrong.
fn works_as_ever(masters: &Masters) {
    let history = History::default();
    let lock = masters.lock();
    history.take(&lock).release();
    for _ in 0..10 {
        let began = Instant::now();
        let lease = history.take(&lock);
        lease.renew().unwrap();
        lease.release();
        assert!(began.elapsed() < SOON, "{:?} for taking and giving back", began.elapsed());
    }
    contend(masters, 4, 5, &history);
}

#[test]
fn two_of_five_are_killed() {
    let masters = Masters::five();
    masters.server(1).kill().unwrap();
    masters.server(3).kill().unwrap();
    works_as_ever(&masters);
}

#[test]
fn two_of_five_hang() {
    let masters = Masters::five();
    let before = masters.lock();
    release(before.lock().unwrap());
    masters.server(0).pause().unwrap();
    masters.server(4).pause().unwrap();
    works_as_ever(&masters);
    release(before.lock().unwrap());
    // What was sent to them is carried out when they go on, and undone.
    masters.server(0).resume().unwrap();
    masters.server(4).resume().unwrap();
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
}

#[test]
fn two_of_five_are_cut_off() {
    let masters = Masters::five();
    let before = masters.lock();
    release(before.lock().unwrap());
    masters.wires[2].sever();
    masters.wires[3].silence();
    works_as_ever(&masters);
    release(before.lock().unwrap());
    masters.wires[2].heal();
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
}

#[test]
fn two_of_five_are_far_away() {
    let far = Duration::from_millis(500);
    let near = Duration::ZERO;
    let masters = Masters::with_delays([near, far, near, near, far]);
    works_as_ever(&masters);
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
}

/// First those of whom the holder has no need; then two of the only three that have voted for it,
/// who would give their votes away again, and with the other two be a majority.
#[test]
fn two_of_five_restart_empty() {
    let masters = Masters::five();
    let (history, ttl) = (History::default(), Duration::from_secs(2));
    let restart = |nodes: [usize; 2]| {
        nodes.into_iter().for_each(|node| masters.server(node).restart().unwrap());
    };
    let lease = history.take(&masters.lock_for(ttl));
    restart([1, 2]);
    lease.renew().unwrap();
    lease.release();
    for node in [1, 2] {
        testbed::eventually("it belongs again", || {
            history.take(&masters.lock_for(ttl)).release();
            masters.is_member(node)
        });
    }
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);

    [3, 4].into_iter().for_each(|node| masters.wires[node].sever());
    let lease = history.take(&masters.lock_for(ttl).with_renewal(Renewal::Never));
    [3, 4].into_iter().for_each(|node| masters.wires[node].heal());
    restart([1, 2]);
    let next = history.take(&masters.lock_for(ttl));
    assert!(lease.lost().is_lost());
    next.release();
    works_as_ever(&masters);
}

#[test]
fn a_holder_that_loses_a_third_is_told_before_its_time_is_over() {
    let masters = Masters::five();
    let ttl = Duration::from_secs(2);
    let history = History::default();
    let lease = history.take(&masters.lock_for(ttl));
    masters.server(0).kill().unwrap();
    masters.server(1).pause().unwrap();
    lease.renew().unwrap();
    masters.server(2).kill().unwrap();
    let third_lost = Instant::now();
    // Renewals fail from here on, which is no loss yet.
    assert_eq!(lease.lost().wait(Deadline::after(ttl / 4)), None);
    let other = masters.lock_for(ttl);
    let error = other.try_lock().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unknown), "{error}");
    let end = lease.lost().wait(Deadline::after(TTL));
    assert_eq!(end, Some(End::Lost(Loss::Expired)));
    assert!(third_lost.elapsed() < ttl, "told after {:?} of {ttl:?}", third_lost.elapsed());
    masters.server(1).resume().unwrap();
    history.take(&other).release();
}

/// Whatever happens to two of them, one after the other: no two hold it, none waits for long, and
/// the fences of all grants rise.
#[test]
fn fences_rise_through_faults_of_all_kinds() {
    let masters = Masters::five();
    let ttl = Duration::from_secs(2);
    let (history, stop) = (History::default(), AtomicBool::new(false));
    let more = || {
        let before = history.len();
        testbed::eventually("ten more grants", || history.len() >= before + 10);
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let lock = masters.lock_for(ttl);
                // Relaxed: a flag that says no more than itself.
                while !stop.load(Ordering::Relaxed) {
                    drop(history.take(&lock));
                }
            });
        }
        more();
        for round in 0..3 {
            let (one, other) = (round, round + 2);
            masters.server(one).pause().unwrap();
            masters.wires[other].sever();
            more();
            masters.server(one).resume().unwrap();
            masters.wires[other].heal();
            more();
            masters.wires[one].cut();
            masters.server(other).kill().unwrap();
            more();
            masters.server(other).restart().unwrap();
            more();
            testbed::eventually("it belongs again", || masters.is_member(other));
            more();
        }
        // Relaxed: as above.
        stop.store(true, Ordering::Relaxed);
    });
}

/// A pause of the holder that is longer than its lease: the next one has a greater fence.
#[test]
fn a_lease_that_nobody_renews_is_followed() {
    let masters = Masters::five();
    let brief = masters.lock_for(Duration::from_secs(1)).with_renewal(Renewal::Never);
    let lease = brief.lock().unwrap();
    let next = masters.lock().lock().unwrap();
    assert!(lease.lost().is_lost(), "two hold it");
    assert!(next.fence() > lease.fence());
    release(next);
}
