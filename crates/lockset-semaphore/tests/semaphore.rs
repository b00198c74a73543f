//! What the verbs and the counts promise, on one thread, where every step is known.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use lockset_api::Deadline;
use lockset_semaphore::{
    Acquire, AcquireError, Barging, Bounded, Fifo, Handle, MAX_PERMITS, Permit, Policy, Semaphore,
    SemaphoreWith,
};

fn poll<S: Handle>(acquire: &mut Pin<&mut Acquire<S>>) -> Poll<Result<Permit<S>, AcquireError>> {
    acquire.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn is_granted<S: Handle>(acquire: &mut Pin<&mut Acquire<S>>) -> bool {
    matches!(poll(acquire), Poll::Ready(Ok(_)))
}

/// A deadline that has passed by the time it is looked at.
fn now() -> Deadline {
    Deadline::at(Instant::now())
}

#[test]
fn counts_tell_what_is_free_held_and_wanted() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.acquire(2).unwrap();
    let mut waiter = pin!(semaphore.acquire_async(2));
    assert!(poll(&mut waiter).is_pending());
    let counts =
        || (semaphore.limit(), semaphore.available(), semaphore.in_use(), semaphore.waiting());
    assert_eq!(counts(), (3, 1, 2, 1));
    drop(held);
    assert_eq!(counts(), (3, 1, 2, 0), "granted permits are in use before they are picked up");
    let Poll::Ready(Ok(permit)) = poll(&mut waiter) else { panic!("it was granted") };
    drop(permit);
    assert_eq!(counts(), (3, 3, 0, 0));
}

#[test]
fn owned_permits_keep_the_semaphore() {
    let semaphore = Arc::new(Semaphore::new(2));
    let one = semaphore.acquire_owned(1).unwrap();
    let two = semaphore.try_acquire_owned(1).unwrap().unwrap();
    assert!(semaphore.acquire_owned_until(1, now()).unwrap().is_none());
    assert_eq!(Arc::strong_count(&semaphore), 3);
    drop((one, two));
    assert_eq!((Arc::strong_count(&semaphore), semaphore.available()), (1, 2));
}

#[test]
fn a_split_permit_is_given_back_in_parts() {
    let semaphore = Semaphore::new(3);
    let mut all = semaphore.acquire(3).unwrap();
    assert!(all.split(4).is_none());
    assert_eq!(all.count(), 3, "a split that fails takes nothing");
    let nothing = all.split(0).unwrap();
    let mut two = all.split(2).unwrap();
    drop((nothing, all));
    assert_eq!(semaphore.available(), 1);
    two.merge(semaphore.acquire(1).unwrap()).unwrap();
    assert_eq!((two.count(), semaphore.available()), (3, 0));
    drop(two);
    assert_eq!(semaphore.available(), 3);
}

#[test]
fn permits_of_another_semaphore_are_not_merged() {
    let (semaphore, other) = (Semaphore::new(2), Semaphore::new(2));
    let mut one = semaphore.acquire(1).unwrap();
    let refused = one.merge(other.acquire(1).unwrap()).unwrap_err();
    assert_eq!((one.count(), other.available()), (1, 1));
    drop(refused);
    assert_eq!((semaphore.available(), other.available()), (1, 2));
}

#[test]
fn a_lowered_limit_is_a_debt_that_returns_pay() {
    let semaphore = Semaphore::new(4);
    let mut held = semaphore.acquire(4).unwrap();
    assert_eq!(semaphore.set_limit(1), Ok(4));
    assert_eq!((semaphore.available(), semaphore.in_use(), semaphore.limit()), (0, 4, 1));
    let mut waiter = pin!(semaphore.acquire_async(1));
    assert!(poll(&mut waiter).is_pending());
    for left in [3, 2, 1] {
        drop(held.split(1));
        assert_eq!(semaphore.in_use(), left);
        assert!(poll(&mut waiter).is_pending(), "granted while the debt is not paid");
    }
    drop(held);
    assert!(is_granted(&mut waiter));
}

#[test]
fn a_raised_limit_serves_those_who_wait() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire(1).unwrap();
    let mut waiters = [pin!(semaphore.acquire_async(1)), pin!(semaphore.acquire_async(1))];
    waiters.iter_mut().for_each(|waiter| assert!(poll(waiter).is_pending()));
    assert_eq!(semaphore.set_limit(3), Ok(1));
    waiters.iter_mut().for_each(|waiter| assert!(is_granted(waiter)));
    drop(held);
    assert_eq!(semaphore.available(), 3);
}

#[test]
fn a_waiter_that_wants_more_than_the_new_limit_is_told() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.acquire(1).unwrap();
    let mut large = pin!(semaphore.acquire_async(3));
    let mut small = pin!(semaphore.acquire_async(2));
    assert!(poll(&mut large).is_pending() && poll(&mut small).is_pending());
    semaphore.set_limit(2).unwrap();
    let Poll::Ready(Err(error)) = poll(&mut large) else { panic!("it waits for what cannot be") };
    assert_eq!(error, AcquireError::TooMany { asked: 3, limit: 2 });
    drop(held);
    assert!(is_granted(&mut small), "who waited behind it is served");
}

#[test]
fn what_is_forgotten_lowers_the_limit() {
    let semaphore = Semaphore::new(2);
    let mut held = semaphore.acquire(2).unwrap();
    let mut both = pin!(semaphore.acquire_async(2));
    assert!(poll(&mut both).is_pending());
    held.split(1).unwrap().forget();
    let Poll::Ready(Err(error)) = poll(&mut both) else { panic!("it waits for what cannot be") };
    assert_eq!(error, AcquireError::TooMany { asked: 2, limit: 1 });
    drop(held);
    assert_eq!((semaphore.limit(), semaphore.available()), (1, 1));
}

#[test]
fn what_is_forgotten_pays_a_debt_first() {
    let semaphore = Semaphore::new(4);
    let mut held = semaphore.acquire(4).unwrap();
    semaphore.set_limit(3).unwrap();
    held.split(2).unwrap().forget();
    // One paid, one lowered the limit.
    assert_eq!((semaphore.limit(), semaphore.in_use(), semaphore.available()), (2, 2, 0));
    semaphore.set_limit(0).unwrap();
    held.forget();
    assert_eq!((semaphore.limit(), semaphore.in_use(), semaphore.available()), (0, 0, 0));
    semaphore.set_limit(2).unwrap();
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn permits_are_added_and_taken_out() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire(1).unwrap();
    let mut waiter = pin!(semaphore.acquire_async(1));
    assert!(poll(&mut waiter).is_pending());
    semaphore.add_permits(3).unwrap();
    assert!(is_granted(&mut waiter));
    assert_eq!((semaphore.limit(), semaphore.available()), (4, 3));
    assert_eq!(semaphore.forget_permits(2), 2);
    assert_eq!(semaphore.forget_permits(2), 1, "only what is free");
    assert_eq!((semaphore.limit(), semaphore.in_use()), (1, 1));
    let refused = semaphore.add_permits(MAX_PERMITS).unwrap_err();
    assert_eq!(refused.asked, MAX_PERMITS + 1);
    drop(held);
    assert_eq!(semaphore.available(), 1);
}

/// A bucket of tokens: each call uses one up, and others are added in time.
#[test]
fn a_growing_semaphore_waits_for_more() {
    let bucket = Semaphore::growing(1);
    bucket.acquire(1).unwrap().forget();
    assert!(bucket.try_acquire(2).unwrap().is_none(), "there may be two one day");
    let mut two = pin!(bucket.acquire_async(2));
    bucket.add_permits(1).unwrap();
    assert!(poll(&mut two).is_pending());
    bucket.set_limit(0).unwrap();
    assert!(poll(&mut two).is_pending(), "a lowered limit refuses nobody here");
    bucket.add_permits(2).unwrap();
    assert!(is_granted(&mut two));
    assert_eq!(
        bucket.acquire(MAX_PERMITS + 1).unwrap_err(),
        AcquireError::TooMany { asked: MAX_PERMITS + 1, limit: 2 }
    );
}

#[test]
fn a_head_that_gives_up_makes_way() {
    fn case<P: Policy>() {
        let semaphore = SemaphoreWith::<P>::new(3);
        let held = semaphore.acquire(2).unwrap();
        let mut small = pin!(semaphore.acquire_async(2));
        {
            let mut large = pin!(semaphore.acquire_async(3));
            assert!(poll(&mut large).is_pending());
            assert!(poll(&mut small).is_pending());
            drop(held);
            // The large one is owed all three, or has them: it goes without picking them up.
        }
        assert!(is_granted(&mut small));
        assert_eq!((semaphore.available(), semaphore.waiting()), (3, 0));
    }
    case::<Fifo>();
    case::<Bounded>();
    case::<Barging>();
}

#[test]
fn bounded_lets_small_ones_pass_so_many_times() {
    let semaphore = SemaphoreWith::<Bounded<2>>::new(3);
    let held = semaphore.acquire(2).unwrap();
    let mut large = pin!(semaphore.acquire_async(3));
    assert!(poll(&mut large).is_pending());
    // A newcomer, then one that had to wait, and then nobody any more.
    let newcomer = semaphore.acquire(1).unwrap();
    let mut waiter = pin!(semaphore.acquire_async(1));
    assert!(poll(&mut waiter).is_pending(), "nothing is free");
    drop(newcomer);
    assert!(is_granted(&mut waiter));
    let mut third = pin!(semaphore.acquire_async(1));
    assert!(poll(&mut third).is_pending(), "the large one is passed a third time");
    drop(held);
    assert!(poll(&mut third).is_pending());
    assert!(is_granted(&mut large));
    assert!(is_granted(&mut third));
}

#[test]
fn barging_lets_newcomers_pass_and_calls_one_waiter() {
    let semaphore = SemaphoreWith::<Barging>::new(1);
    let held = semaphore.acquire(1).unwrap();
    let mut waiter = pin!(semaphore.acquire_async(1));
    assert!(poll(&mut waiter).is_pending());
    drop(held);
    // It is called, and has not looked yet.
    let newcomer = semaphore.try_acquire(1).unwrap().expect("a newcomer passes");
    assert!(poll(&mut waiter).is_pending(), "its permit was taken");
    drop(newcomer);
    assert!(is_granted(&mut waiter), "it was called again");
}

#[test]
fn barging_lets_small_newcomers_pass_a_large_one() {
    let semaphore = SemaphoreWith::<Barging>::new(2);
    let held = semaphore.acquire(1).unwrap();
    let mut large = pin!(semaphore.acquire_async(2));
    assert!(poll(&mut large).is_pending());
    for _ in 0..3 {
        assert!(semaphore.try_acquire(1).unwrap().is_some());
    }
    drop(held);
    assert!(is_granted(&mut large));
}

/// The first one that fits is called, not the first one.
#[test]
fn barging_leaves_no_permit_idle_behind_a_large_request() {
    let semaphore = SemaphoreWith::<Barging>::new(4);
    let held = semaphore.acquire(4).unwrap();
    let mut large = pin!(semaphore.acquire_async(4));
    let mut small = pin!(semaphore.acquire_async(1));
    assert!(poll(&mut large).is_pending() && poll(&mut small).is_pending());
    let mut held = Some(held);
    drop(held.as_mut().and_then(|held| held.split(3)));
    assert!(is_granted(&mut small));
    assert!(poll(&mut large).is_pending());
    held = None;
    assert!(is_granted(&mut large));
    drop(held);
}

#[test]
fn a_deadline_that_has_passed_still_takes_what_is_free() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire_until(1, now()).unwrap();
    assert!(held.is_some());
    assert!(semaphore.acquire_until(1, now()).unwrap().is_none());
    assert_eq!(semaphore.waiting(), 0);
}

#[test]
fn nothing_is_granted_at_once() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire(1).unwrap();
    let mut waiter = pin!(semaphore.acquire_async(1));
    assert!(poll(&mut waiter).is_pending());
    semaphore.set_limit(0).unwrap();
    assert_eq!(semaphore.acquire(0).unwrap().count(), 0);
    semaphore.close();
    assert_eq!(semaphore.acquire(0).unwrap_err(), AcquireError::Closed);
    drop(held);
}

#[test]
fn printing_does_not_wait() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.acquire(1).unwrap();
    let text = format!("{semaphore:?} {held:?}");
    let expected =
        "Semaphore { limit: 2, available: 1, is_closed: false, .. } Permit { count: 1, .. }";
    assert_eq!(text, expected);
}
