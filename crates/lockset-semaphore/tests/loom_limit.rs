//! The number of permits changed, up, down and by permits that are forgotten, under the model
//! checker.
//!
//! By hand: `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-semaphore --test
//! loom_limit`.

#![cfg(lockset_loom)]

mod common;

use std::sync::Arc;
use std::task::Poll;

use common::{acquire, guarded, model, model_each_policy, poll, require_idle, shared};
use lockset_semaphore::{AcquireError, MAX_PERMITS, Policy, SemaphoreWith};
use loom::thread;

fn refused(answer: Result<(), AcquireError>, asked: usize, limit: usize) -> bool {
    match answer {
        Err(AcquireError::TooMany { asked: a, limit: l, .. }) => (a, l) == (asked, limit),
        _ => false,
    }
}

/// Who takes a permit that is there only by the new limit sees what came before that was set.
fn raising_meets_an_acquire<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let held = guarded.semaphore.acquire(1).unwrap();
        let other = Arc::clone(&guarded);
        let waiter = thread::spawn(move || {
            let _permit = other.semaphore.acquire(1).unwrap();
            other.number()
        });
        guarded.add_one();
        assert_eq!(guarded.semaphore.set_limit(2), Ok(1));
        assert_eq!(waiter.join().unwrap(), 1);
        drop(held);
        require_idle(&guarded.semaphore, 2);
    });
}

/// And so does one that only tries.
fn raising_meets_a_try<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let held = guarded.semaphore.acquire(1).unwrap();
        let other = Arc::clone(&guarded);
        let newcomer = thread::spawn(move || {
            if let Some(_permit) = other.semaphore.try_acquire(1).unwrap() {
                assert_eq!(other.number(), 1);
            }
        });
        guarded.add_one();
        assert_eq!(guarded.semaphore.set_limit(2), Ok(1));
        newcomer.join().unwrap();
        drop(held);
        require_idle(&guarded.semaphore, 2);
    });
}

/// One raise serves all whom it is enough for.
fn raising_serves_all_who_wait<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let waiters = [acquire(&semaphore, 1), acquire(&semaphore, 1)];
        assert_eq!(semaphore.set_limit(3), Ok(1));
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap().unwrap());
        drop(held);
        require_idle(&semaphore, 3);
    });
}

/// Both permits are out when the limit is lowered, or one has just come back; either way one is
/// left in the end, and the waiter has it.
fn lowering_meets_a_release<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = [semaphore.acquire_owned(1).unwrap(), semaphore.acquire_owned(1).unwrap()];
        let waiter = acquire(&semaphore, 1);
        let releaser = thread::spawn(move || drop(held));
        assert_eq!(semaphore.set_limit(1), Ok(2));
        waiter.join().unwrap().unwrap();
        releaser.join().unwrap();
        require_idle(&semaphore, 1);
    });
}

/// It wants two, and there is one in all by then; or it was served before.
fn lowering_meets_a_waiter_that_wants_more<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire_owned(1).unwrap();
        let waiter = acquire(&semaphore, 2);
        let releaser = thread::spawn(move || drop(held));
        assert_eq!(semaphore.set_limit(1), Ok(2));
        let answer = waiter.join().unwrap();
        assert!(answer.is_ok() || refused(answer, 2, 1), "{answer:?}");
        releaser.join().unwrap();
        require_idle(&semaphore, 1);
    });
}

/// Nobody gives anything back: a waiter that is not told is a deadlock, and so is one behind it
/// that is not served.
fn who_is_refused_lets_those_behind_it_through<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(3);
        let held = semaphore.acquire(1).unwrap();
        let large = acquire(&semaphore, 3);
        let small = acquire(&semaphore, 1);
        assert_eq!(semaphore.set_limit(2), Ok(3));
        let answer = large.join().unwrap();
        assert!(refused(answer, 3, 2), "{answer:?}");
        small.join().unwrap().unwrap();
        drop(held);
        require_idle(&semaphore, 2);
    });
}

/// A permit that never comes back is one that nobody should wait for.
fn forgetting_meets_a_waiter_that_wants_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire(1).unwrap();
        let waiter = acquire(&semaphore, 2);
        held.forget();
        let answer = waiter.join().unwrap();
        assert!(refused(answer, 2, 1), "{answer:?}");
        require_idle(&semaphore, 1);
    });
}

/// One is forgotten, the other comes back, and goes to whoever waits for one.
fn forgetting_meets_a_release<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire_owned(1).unwrap();
        let forgotten = semaphore.acquire(1).unwrap();
        let waiter = acquire(&semaphore, 1);
        let releaser = thread::spawn(move || drop(held));
        forgotten.forget();
        waiter.join().unwrap().unwrap();
        releaser.join().unwrap();
        require_idle(&semaphore, 1);
    });
}

/// Two of three are refused in one go, the first and the last; the one between them waits on.
fn all_who_want_too_many_are_refused<P: Policy>(_: Option<usize>) {
    model(None, || {
        let semaphore = shared::<P>(3);
        let held = semaphore.acquire(3).unwrap();
        let mut waiting = [3, 1, 2].map(|n| Box::pin(semaphore.acquire_async(n)));
        waiting.iter_mut().for_each(|acquire| assert!(poll(acquire).is_pending()));
        assert_eq!(semaphore.waiting(), 3);
        semaphore.set_limit(1).unwrap();
        assert_eq!((semaphore.waiting(), semaphore.in_use(), semaphore.available()), (1, 3, 0));
        let [first, second, third] = waiting.each_mut().map(poll);
        assert!(matches!(first, Poll::Ready(answer) if refused(answer, 3, 1)), "{first:?}");
        assert!(matches!(third, Poll::Ready(answer) if refused(answer, 2, 1)), "{third:?}");
        assert_eq!(second, Poll::Pending);
        drop(held);
        assert_eq!(poll(&mut waiting[1]), Poll::Ready(Ok(())));
        drop(waiting);
        require_idle(&semaphore, 1);
    });
}

/// What is given back pays the debt first, and what is forgotten pays it as well.
fn a_debt_is_paid_before_anybody_is_served<P: Policy>(_: Option<usize>) {
    model(None, || {
        let semaphore = shared::<P>(4);
        let mut held = semaphore.acquire(4).unwrap();
        assert_eq!(semaphore.set_limit(2), Ok(4));
        let mut waiter = Box::pin(semaphore.acquire_async(1));
        for in_use in [3, 2] {
            drop(held.split(1));
            assert_eq!((semaphore.in_use(), semaphore.available()), (in_use, 0));
            assert_eq!(poll(&mut waiter), Poll::Pending);
        }
        drop(held.split(1));
        assert_eq!(poll(&mut waiter), Poll::Ready(Ok(())));
        drop(waiter);
        assert_eq!((semaphore.in_use(), semaphore.available()), (1, 1));
        // More out than there are; two of the three never come back, and one is owed still.
        held.merge(semaphore.acquire(1).unwrap()).unwrap();
        semaphore.set_limit(3).unwrap();
        held.merge(semaphore.acquire(1).unwrap()).unwrap();
        semaphore.set_limit(1).unwrap();
        held.split(2).unwrap().forget();
        assert_eq!((semaphore.limit(), semaphore.in_use(), semaphore.available()), (0, 1, 0));
        semaphore.set_limit(1).unwrap();
        assert!(semaphore.try_acquire(1).unwrap().is_none(), "a permit that is out");
        drop(held);
        require_idle(&semaphore, 1);
    });
}

/// The limit is what may be asked for, whether permits are free or not.
fn more_than_the_limit_is_refused_at_once<P: Policy>(_: Option<usize>) {
    model(None, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire(1).unwrap();
        assert!(refused(semaphore.acquire(3).map(drop), 3, 2));
        assert!(refused(semaphore.try_acquire(3).map(drop), 3, 2));
        let mut waiter = Box::pin(semaphore.acquire_async(3));
        assert!(matches!(poll(&mut waiter), Poll::Ready(answer) if refused(answer, 3, 2)));
        assert!(semaphore.try_acquire(2).unwrap().is_none(), "as many as that is no mistake");
        drop(held);
        assert_eq!(MAX_PERMITS, usize::MAX >> 4, "the flags, the sign, and room to spare");
        let most = SemaphoreWith::<P>::new(MAX_PERMITS);
        assert_eq!(most.set_limit(MAX_PERMITS + 1).unwrap_err().asked, MAX_PERMITS + 1);
        assert_eq!((most.limit(), most.available()), (MAX_PERMITS, MAX_PERMITS));
        assert_eq!(most.set_limit(MAX_PERMITS), Ok(MAX_PERMITS));
        let all = most.acquire(MAX_PERMITS).unwrap();
        assert_eq!((most.set_limit(0), most.in_use()), (Ok(MAX_PERMITS), MAX_PERMITS));
        drop(all);
        assert_eq!((most.available(), most.in_use()), (0, 0));
    });
}

model_each_policy! {
    raising_meets_an_acquire(None),
    raising_meets_a_try(None),
    raising_serves_all_who_wait(Some(3)),
    lowering_meets_a_release(Some(3)),
    lowering_meets_a_waiter_that_wants_more(Some(3)),
    who_is_refused_lets_those_behind_it_through(Some(3)),
    forgetting_meets_a_waiter_that_wants_it(None),
    forgetting_meets_a_release(Some(3)),
    all_who_want_too_many_are_refused(None),
    a_debt_is_paid_before_anybody_is_served(None),
    more_than_the_limit_is_refused_at_once(None),
}
