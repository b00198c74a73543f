//! The line between processes: who is woken, and who is not waited for.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Lock, Released};
use lockset_remote::{Locks, sqlite::Sqlite};
use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use crate::child::Child;

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("locks.db")
    }

    fn locks(&self) -> Locks {
        Locks::new(Sqlite::open(self.path()).unwrap())
    }
}

/// Puts a child in line behind `before` others.
fn in_line(locks: &Locks, child: &mut Child, before: usize, ttl: u32) {
    child.tell(&format!("lock job {ttl}"));
    testbed::eventually("it stands in line", || {
        locks.inspect("job").unwrap().waiters.len() == before + 1
    });
}

#[test]
fn processes_are_served_in_the_order_in_which_they_came() {
    let file = File::new();
    let locks = file.locks();
    let held = locks.lock("job").unwrap().lock().unwrap();
    let mut children: Vec<_> = (0..5).map(|_| Child::start(&file.path())).collect();
    for (place, child) in children.iter_mut().enumerate() {
        in_line(&locks, child, place, 60_000);
    }
    let mut fence = held.fence().value();
    assert_eq!(held.release().unwrap(), Released::InTime);
    for child in &mut children {
        fence += 1;
        assert_eq!(child.granted(), fence);
        assert_eq!(child.ask("release"), "InTime");
    }
}

/// Its socket is gone with it, so it is found out before it is granted anything.
#[test]
fn a_waiter_that_was_killed_is_skipped_on_the_spot() {
    let file = File::new();
    let locks = file.locks();
    let held = locks.lock("job").unwrap().lock().unwrap();
    let [mut dead, mut next] = [(); 2].map(|()| Child::start(&file.path()));
    in_line(&locks, &mut dead, 0, 60_000);
    in_line(&locks, &mut next, 1, 60_000);
    dead.kill();
    let fence = held.fence().value();
    let released = Instant::now();
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert_eq!(next.granted(), fence + 1, "somebody was granted it in between");
    assert!(released.elapsed() < Duration::from_secs(30), "the dead one had its turn first");
}

/// Nobody can tell that it is stopped: it has its turn, for as long as its TTL.
#[test]
fn a_waiter_that_is_stopped_holds_the_others_up_for_its_ttl() {
    let file = File::new();
    let locks = file.locks();
    let held = locks.lock("job").unwrap().lock().unwrap();
    let [mut stopped, mut next] = [(); 2].map(|()| Child::start(&file.path()));
    in_line(&locks, &mut stopped, 0, 500);
    in_line(&locks, &mut next, 1, 60_000);
    kill_process(stopped.pid(), Signal::STOP).unwrap();
    let (fence, released) = (held.fence().value(), Instant::now());
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert_eq!(next.granted(), fence + 2);
    assert!(released.elapsed() >= Duration::from_millis(500));
    // The next attempt of its own would come ten seconds after the first.
    assert!(released.elapsed() < Duration::from_secs(5), "{:?}", released.elapsed());
    kill_process(stopped.pid(), Signal::CONT).unwrap();
    // What it was granted is over by now, and it stands in line again.
    assert_eq!(next.ask("release"), "InTime");
    assert!(stopped.granted() > fence + 2, "it believes in a lease that is over");
}

/// A process that dies between the commit and the ring, or rings in another network namespace,
/// is not heard. Then the waiter finds out by itself.
#[test]
fn a_waiter_whose_bell_is_out_of_reach_looks_by_itself() {
    let file = File::new();
    let locks = file.locks();
    let held = locks.lock("job").unwrap().lock().unwrap();
    let apart = ["unshare", "--map-root-user", "--net"];
    let mut apart = Child::start_by(&apart, &file.path());
    in_line(&locks, &mut apart, 0, 60_000);
    let (fence, released) = (held.fence().value(), Instant::now());
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert_eq!(apart.granted(), fence + 1);
    // Its next attempt would be due after ten seconds.
    assert!(released.elapsed() < Duration::from_secs(5), "{:?}", released.elapsed());
    // And the other way round.
    let waiting = locks.lock("job").unwrap().acquire(Deadline::NEVER);
    testbed::eventually("it stands in line", || locks.inspect("job").unwrap().waiters.len() == 1);
    let released = Instant::now();
    assert_eq!(apart.ask("release"), "InTime");
    let lease = lockset_api::block_on(waiting).unwrap().unwrap();
    assert_eq!(lease.fence().value(), fence + 2);
    assert!(released.elapsed() < Duration::from_secs(5), "{:?}", released.elapsed());
}

/// The bounded poll alone would take 50 ms at the median.
#[test]
fn a_waiter_is_woken_and_need_not_look() {
    let file = File::new();
    let (here, there) = (file.locks(), file.locks());
    let (ours, theirs) = (here.lock("job").unwrap(), there.lock("job").unwrap());
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            let held = ours.lock().unwrap();
            let waiting = theirs.acquire(Deadline::NEVER);
            testbed::eventually("it stands in line", || {
                here.inspect("job").unwrap().waiters.len() == 1
            });
            let released = Instant::now();
            assert_eq!(held.release().unwrap(), Released::InTime);
            let lease = lockset_api::block_on(waiting).unwrap().unwrap();
            let time = released.elapsed();
            assert_eq!(lease.release().unwrap(), Released::InTime);
            time
        })
        .collect();
    times.sort();
    assert!(times[10] < Duration::from_millis(25), "{times:?}");
}
