//! Closing, under the model checker: all who wait are told, and what was granted before stays good.
//!
//! By hand: `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-semaphore --test
//! loom_close`.

#![cfg(lockset_loom)]

mod common;

use std::sync::Arc;
use std::task::Poll;

use common::{acquire, guarded, model, model_each_policy, poll, require_idle, shared};
use lockset_semaphore::{AcquireError, Policy};
use loom::thread;

fn closing_wakes_whoever_waits<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let waiter = acquire(&semaphore, 1);
        semaphore.close();
        assert_eq!(waiter.join().unwrap(), Err(AcquireError::Closed));
        drop(held);
        require_idle(&semaphore, 1);
    });
}

fn closing_wakes_all<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let waiters = [acquire(&semaphore, 1), acquire(&semaphore, 1)];
        semaphore.close();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Err(AcquireError::Closed));
        }
        drop(held);
        require_idle(&semaphore, 1);
    });
}

/// A permit is free: it is had, or the closing is seen, with all that came before it.
fn closing_meets_an_acquire<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let other = Arc::clone(&guarded);
        let newcomer = thread::spawn(move || match other.semaphore.acquire(1) {
            Ok(permit) => drop(permit),
            Err(error) => {
                assert_eq!(error, AcquireError::Closed);
                assert_eq!(other.number(), 1);
            }
        });
        guarded.add_one();
        guarded.semaphore.close();
        newcomer.join().unwrap();
        assert_eq!(guarded.semaphore.acquire(1).unwrap_err(), AcquireError::Closed);
        require_idle(&guarded.semaphore, 1);
    });
}

/// The same of one that waits, and is told by its node.
fn a_waiter_sees_what_came_before_the_closing<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(0);
        // None in all, but some to come: so that there is something to wait for.
        guarded.semaphore.set_limit(1).unwrap();
        let held = guarded.semaphore.acquire(1).unwrap();
        let other = Arc::clone(&guarded);
        let waiter = thread::spawn(move || {
            assert_eq!(other.semaphore.acquire(1).unwrap_err(), AcquireError::Closed);
            other.number()
        });
        guarded.add_one();
        guarded.semaphore.close();
        assert_eq!(waiter.join().unwrap(), 1);
        drop(held);
    });
}

fn who_sees_it_closed_sees_what_came_before<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let other = Arc::clone(&guarded);
        let looker = thread::spawn(move || {
            if other.semaphore.is_closed() {
                assert_eq!(other.number(), 1);
            }
        });
        guarded.add_one();
        guarded.semaphore.close();
        looker.join().unwrap();
    });
}

/// One permit comes back while another closes: the waiter is told the one or the other, once.
fn closing_meets_a_grant<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire_owned(1).unwrap();
        let waiter = acquire(&semaphore, 1);
        let releaser = thread::spawn(move || drop(held));
        semaphore.close();
        let answer = waiter.join().unwrap();
        assert!(matches!(answer, Ok(()) | Err(AcquireError::Closed)), "{answer:?}");
        releaser.join().unwrap();
        require_idle(&semaphore, 1);
    });
}

/// A future that is dropped while it is sent away.
fn closing_meets_a_dropped_future<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let other = Arc::clone(&semaphore);
        let task = thread::spawn(move || {
            let mut acquire = Box::pin(other.acquire_async(1));
            let _ = poll(&mut acquire);
        });
        semaphore.close();
        task.join().unwrap();
        drop(held);
        require_idle(&semaphore, 1);
    });
}

/// What was granted before, and not picked up, stays good; who has only been called comes too late.
fn what_was_granted_before_stays_good<P: Policy>(_: Option<usize>) {
    model(None, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let mut waiting = [0; 2].map(|_| Box::pin(semaphore.acquire_async(1)));
        waiting.iter_mut().for_each(|acquire| assert!(poll(acquire).is_pending()));
        drop(held);
        let was_granted = semaphore.available() == 0;
        semaphore.close();
        let closed = Poll::Ready(Err(AcquireError::Closed));
        let first = if was_granted { Poll::Ready(Ok(())) } else { closed };
        assert_eq!(waiting.each_mut().map(poll), [first, closed]);
        require_idle(&semaphore, 1);
        assert!(semaphore.is_closed());
    });
}

/// Permits that are forgotten, and a new limit, leave it closed.
fn what_is_closed_stays_closed<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(3);
        let held = semaphore.acquire_owned(1).unwrap();
        let mut debt = semaphore.acquire(2).unwrap();
        let other = thread::spawn(move || held.forget());
        semaphore.close();
        other.join().unwrap();
        assert!(semaphore.is_closed(), "opened again by `forget`");
        // Into debt, out of it by what is forgotten, and back to what there was.
        semaphore.set_limit(1).unwrap();
        assert!(debt.split(1).is_some() && semaphore.is_closed());
        debt.forget();
        semaphore.set_limit(3).unwrap();
        assert!(semaphore.is_closed(), "opened again");
        assert_eq!(semaphore.try_acquire(1).unwrap_err(), AcquireError::Closed);
    });
}

model_each_policy! {
    closing_wakes_whoever_waits(None),
    closing_wakes_all(Some(3)),
    closing_meets_an_acquire(None),
    a_waiter_sees_what_came_before_the_closing(None),
    who_sees_it_closed_sees_what_came_before(None),
    closing_meets_a_grant(Some(3)),
    closing_meets_a_dropped_future(None),
    what_was_granted_before_stays_good(None),
    what_is_closed_stays_closed(None),
}
