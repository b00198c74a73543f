//! The arithmetic of a lease's deadline, and what becomes of requests that went wrong, against a
//! store that is slow and lossy on purpose: real servers are too quick to show it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockset_api::{Deadline, ErrorKind, Fence, Lease as _, Lock};
use lockset_remote::{
    Attempt, LeaseStore, Locks, Op, Renewal, Renewed, Request, RequestId, StoreError, Withdrawn,
};

/// Grants everything, late; loses answers when told to.
#[derive(Default)]
struct Slow {
    delay: Duration,
    /// How many attempts lose their answer.
    lossy_attempts: AtomicU32,
    /// How many releases do not get through.
    lost_releases: AtomicU32,
    released: Arc<Mutex<Vec<RequestId>>>,
}

/// Counts down, and stays at zero.
fn spend(left: &AtomicU32) -> Option<u32> {
    // Relaxed: one counter, and no other data that goes with it.
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok()
}

impl Slow {
    /// What makes it slow: it is the very thing under test, and nothing waits for anything else.
    async fn take_time(&self) {
        tokio::time::sleep_until(tokio::time::Instant::now() + self.delay).await;
    }
}

impl LeaseStore for Slow {
    fn label(&self) -> &str {
        "slow"
    }

    fn attempt<'a>(&'a self, _: &'a Request, _: Duration) -> Op<'a, Attempt> {
        Box::pin(async move {
            self.take_time().await;
            match spend(&self.lossy_attempts) {
                Some(_) => Err(StoreError::interrupted("the answer was lost")),
                None => Ok(Attempt::Granted(Fence::new(1))),
            }
        })
    }

    fn renew<'a>(&'a self, _: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async move {
            self.take_time().await;
            Ok(Renewed::Yes)
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async move {
            if spend(&self.lost_releases).is_some() {
                return Err(StoreError::unreachable("not now"));
            }
            self.released.lock().unwrap().push(request.id);
            Ok(Withdrawn::Freed)
        })
    }
}

/// What is left at most of a lease of this TTL, asked for so long ago.
fn at_most(ttl: Duration, ago: Duration) -> Duration {
    ttl - ago - ttl / 100 - Duration::from_millis(2)
}

#[test]
fn a_lease_counts_from_before_the_request_less_an_allowance_for_drift() {
    let delay = Duration::from_millis(300);
    let ttl = Duration::from_secs(20);
    let locks = Locks::new(Slow { delay, ..Slow::default() });
    let lock = locks.lock("job").unwrap().with_ttl(ttl).unwrap();
    let lease = lock.with_renewal(Renewal::Never).lock().unwrap();
    let left = lease.remaining();
    assert!(left <= at_most(ttl, delay), "{left:?} left of {ttl:?} after {delay:?}");
}

#[test]
fn a_renewal_counts_from_before_its_request_as_well() {
    let delay = Duration::from_millis(120);
    let ttl = Duration::from_millis(1200);
    let locks = Locks::new(Slow { delay, ..Slow::default() });
    let lease = locks.lock("job").unwrap().with_ttl(ttl).unwrap().lock().unwrap();
    // Whatever was renewed meanwhile, no renewal can leave more than this.
    let most = at_most(ttl, delay);
    let until = Instant::now() + ttl * 2;
    while Instant::now() < until {
        let left = lease.remaining();
        assert!(left <= most, "{left:?} left of {ttl:?} though a renewal takes {delay:?}");
        assert!(lease.lost().wait(Deadline::after(Duration::from_millis(5))).is_none());
    }
}

#[test]
fn an_attempt_whose_answer_was_lost_is_undone() {
    let released = Arc::default();
    let store = Slow {
        lossy_attempts: AtomicU32::new(1),
        lost_releases: AtomicU32::new(2),
        released: Arc::clone(&released),
        ..Slow::default()
    };
    let lock = Locks::new(store).lock("job").unwrap();
    assert_eq!(lock.lock().unwrap_err().kind(), ErrorKind::Unknown);
    testbed::eventually("the lost attempt is undone", || released.lock().unwrap().len() == 1);
}

#[test]
fn a_release_that_does_not_get_through_is_tried_again() {
    let released = Arc::default();
    let store = Slow {
        lost_releases: AtomicU32::new(3),
        released: Arc::clone(&released),
        ..Slow::default()
    };
    let lock = Locks::new(store).lock("job").unwrap();
    assert_eq!(lock.lock().unwrap().release().unwrap_err().kind(), ErrorKind::Unavailable);
    testbed::eventually("the release gets through", || released.lock().unwrap().len() == 1);
    drop(lock.lock().unwrap());
    testbed::eventually("so does that of a drop", || released.lock().unwrap().len() == 2);
}

#[test]
fn a_ceiling_and_a_ttl_are_what_they_were_set_to_in_any_order() {
    let ceiling = Renewal::UpTo(Duration::from_secs(5));
    let ttl = Duration::from_secs(10);
    let lock = Locks::new(Slow::default()).lock("job").unwrap();
    let one = lock.clone().with_renewal(ceiling).with_ttl(ttl).unwrap();
    let other = lock.with_ttl(ttl).unwrap().with_renewal(ceiling);
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    assert!(format!("{one:?}").contains("UpTo(5s)"), "{one:?}");
    // Longer than any clock tells is without end, and no overflow.
    drop(one.with_renewal(Renewal::UpTo(Duration::MAX)).lock().unwrap());
}
