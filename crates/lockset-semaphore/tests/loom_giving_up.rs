//! Waiters that give up, by a deadline or because their future is dropped, under the model checker:
//! none takes along what was meant for another.
//!
//! By hand: `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-semaphore --test
//! loom_giving_up`.

#![cfg(lockset_loom)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use common::{
    acquire, acquire_in_time, model, model_each_policy, model_policy, poll, require_idle, shared,
};
use lockset_semaphore::sync::expire_deadlines;
use lockset_semaphore::{Policy, SemaphoreWith};
use loom::thread::{self, JoinHandle};

/// On a thread of its own: polls once, and drops the future.
fn poll_and_drop<P: Policy>(semaphore: &Arc<SemaphoreWith<P>>, n: usize) -> JoinHandle<()> {
    let semaphore = Arc::clone(semaphore);
    thread::spawn(move || {
        let mut acquire = Box::pin(semaphore.acquire_async(n));
        let _ = poll(&mut acquire);
    })
}

/// Permits that are granted in the moment in which their waiter gives up must not be lost.
fn a_grant_meets_a_timeout<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let waiter = acquire_in_time(&semaphore, 1);
        let clock = thread::spawn(expire_deadlines);
        drop(held);
        waiter.join().unwrap().unwrap();
        clock.join().unwrap();
        require_idle(&semaphore, 1);
    });
}

/// Nobody gives anything back, so a deadline that is slept through shows as a deadlock.
fn a_waiter_leaves_in_time_with_nothing<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let waiter = acquire_in_time(&semaphore, 1);
        expire_deadlines();
        assert_eq!(waiter.join().unwrap(), Ok(None));
        drop(held);
        require_idle(&semaphore, 1);
    });
}

/// The permit goes to the next in the queue, who sleeps.
fn a_waiter_that_gives_up_takes_no_wake_up_with_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let timed = acquire_in_time(&semaphore, 1);
        let patient = acquire(&semaphore, 1);
        expire_deadlines();
        drop(held);
        patient.join().unwrap().unwrap();
        timed.join().unwrap().unwrap();
        require_idle(&semaphore, 1);
    });
}

fn a_grant_meets_a_dropped_future<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let task = poll_and_drop(&semaphore, 1);
        drop(held);
        task.join().unwrap();
        require_idle(&semaphore, 1);
    });
}

fn a_dropped_future_takes_no_wake_up_with_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire(1).unwrap();
        let task = poll_and_drop(&semaphore, 1);
        let patient = acquire(&semaphore, 1);
        drop(held);
        patient.join().unwrap().unwrap();
        task.join().unwrap();
        require_idle(&semaphore, 1);
    });
}

/// One permit is free all the time, but the first in the queue wants two. Nobody gives anything
/// back, so whoever gives up has to serve the one that it kept waiting.
fn who_gives_up_lets_those_behind_it_through<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire(1).unwrap();
        let large = poll_and_drop(&semaphore, 2);
        let small = acquire(&semaphore, 1);
        small.join().unwrap().unwrap();
        large.join().unwrap();
        drop(held);
        require_idle(&semaphore, 2);
    });
}

/// The same of a thread with a deadline.
fn who_runs_out_of_time_lets_those_behind_it_through<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire(1).unwrap();
        let large = acquire_in_time(&semaphore, 2);
        let small = acquire(&semaphore, 1);
        expire_deadlines();
        small.join().unwrap().unwrap();
        assert_eq!(large.join().unwrap(), Ok(None));
        drop(held);
        require_idle(&semaphore, 2);
    });
}

/// Two who are served, or called, and leave before they look; in either order.
fn permits_pass_through_those_who_have_gone<P: Policy>(_: Option<usize>) {
    model(None, || {
        for first in [0, 1] {
            let semaphore = shared::<P>(1);
            let held = semaphore.acquire(1).unwrap();
            let mut waiting = [0; 3].map(|_| Some(Box::pin(semaphore.acquire_async(1))));
            for acquire in waiting.iter_mut().flatten() {
                assert_eq!(poll(acquire), Poll::Pending);
            }
            drop(held);
            waiting[first] = None;
            waiting[1 - first] = None;
            let [.., Some(last)] = &mut waiting else { unreachable!("it has not left") };
            assert_eq!(poll(last), Poll::Ready(Ok(())));
            drop(waiting);
            require_idle(&semaphore, 1);
        }
    });
}

/// Nor does one that never waited have anything to give back.
fn a_future_that_was_not_polled_has_no_place<P: Policy>(_: Option<usize>) {
    model(None, || {
        let semaphore = shared::<P>(1);
        drop(semaphore.acquire_async(1));
        let mut answered = Box::pin(semaphore.acquire_async(1));
        assert_eq!(poll(&mut answered), Poll::Ready(Ok(())));
        drop(answered);
        require_idle(&semaphore, 1);
    });
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("as the model wants it");
    }
}

/// Two permits come back for two who wait, and the first one's waker panics: the second is served
/// even so, and nobody else has to come by for that.
fn a_waker_that_panics_keeps_nobody_waiting<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire(2).unwrap();
        let mut first = Box::pin(semaphore.acquire_async(1));
        let waker = Waker::from(Arc::new(Panics));
        assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let mut second = Box::pin(semaphore.acquire_async(1));
        assert_eq!(poll(&mut second), Poll::Pending);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(held))).is_err());
        assert_eq!(semaphore.waiting(), 0, "the second was forgotten");
        assert_eq!([poll(&mut first), poll(&mut second)], [Poll::Ready(Ok(())); 2]);
        require_idle(&semaphore, 2);
    });
}

// Whoever is called by Barging sees to those behind it, so there is nothing to ask of that.
model_policy!(fifo_panics: Fifo, a_waker_that_panics_keeps_nobody_waiting(None));
model_policy!(bounded_panics: Bounded<1>, a_waker_that_panics_keeps_nobody_waiting(None));

model_each_policy! {
    a_grant_meets_a_timeout(Some(3)),
    a_waiter_leaves_in_time_with_nothing(None),
    a_waiter_that_gives_up_takes_no_wake_up_with_it(Some(3)),
    a_grant_meets_a_dropped_future(None),
    a_dropped_future_takes_no_wake_up_with_it(Some(3)),
    who_gives_up_lets_those_behind_it_through(Some(3)),
    who_runs_out_of_time_lets_those_behind_it_through(Some(3)),
    permits_pass_through_those_who_have_gone(None),
    a_future_that_was_not_polled_has_no_place(None),
}
