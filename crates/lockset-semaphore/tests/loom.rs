//! The shipped semaphore under the model checker.
//!
//! Run by `cargo xtask test`, each model in a process of its own, because a deadlock that loom
//! finds aborts the process. By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-semaphore --test loom`.
//!
//! Two threads are explored exhaustively, three with at most three preemptions.

#![cfg(lockset_loom)]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use lockset_api::Deadline;
use lockset_semaphore::{Acquire, AcquireError, Semaphore, sync::expire_deadlines};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

/// A semaphore, and a counter that its one permit protects: loom reports an unordered access.
struct Guarded {
    semaphore: Semaphore,
    count: UnsafeCell<usize>,
}

// SAFETY: every access to the counter is made by a holder of the one permit; loom fails the model
// should that not suffice.
unsafe impl Sync for Guarded {}

impl Guarded {
    fn add_one(&self) {
        // SAFETY: as above.
        self.count.with_mut(|count| unsafe { *count += 1 });
    }
}

fn guarded() -> Arc<Guarded> {
    let made = Guarded { semaphore: shared(1), count: UnsafeCell::new(0) };
    Arc::new(made)
}

/// A semaphore that has been used once, as the model's mutex asks for.
fn shared(permits: usize) -> Semaphore {
    let semaphore = Semaphore::new(permits);
    assert_eq!(semaphore.available(), permits);
    semaphore
}

/// Some deadline: the model, not the clock, says when it has passed.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(1))
}

fn add_one_on_a_thread(guarded: &Arc<Guarded>) -> JoinHandle<()> {
    let guarded = Arc::clone(guarded);
    thread::spawn(move || {
        let _permit = guarded.semaphore.acquire(1).unwrap();
        guarded.add_one();
    })
}

/// Explores a model with at most so many preemptions, or all of it.
///
/// `LOCKSET_DEEPER` adds to the bound: what `cargo xtask test --deep` does.
fn model(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let deeper = std::env::var("LOCKSET_DEEPER").ok().and_then(|more| more.parse().ok());
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions.map(|bound| bound + deeper.unwrap_or(0));
    builder.check(model);
}

#[test]
fn two_threads_exclude_each_other() {
    model(None, || {
        let guarded = guarded();
        let other = add_one_on_a_thread(&guarded);
        {
            let _permit = guarded.semaphore.acquire(1).unwrap();
            guarded.add_one();
        }
        other.join().unwrap();
        assert_eq!(guarded.semaphore.available(), 1);
    });
}

#[test]
fn three_threads_exclude_each_other() {
    model(Some(3), || {
        let guarded = guarded();
        let others = [add_one_on_a_thread(&guarded), add_one_on_a_thread(&guarded)];
        {
            let _permit = guarded.semaphore.acquire(1).unwrap();
            guarded.add_one();
        }
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(guarded.semaphore.available(), 1);
    });
}

#[test]
fn two_threads_that_acquire_twice() {
    model(None, || {
        let guarded = guarded();
        let other = {
            let guarded = Arc::clone(&guarded);
            thread::spawn(move || (0..2).for_each(|_| drop(guarded.semaphore.acquire(1).unwrap())))
        };
        (0..2).for_each(|_| drop(guarded.semaphore.acquire(1).unwrap()));
        other.join().unwrap();
        assert_eq!(guarded.semaphore.available(), 1);
    });
}

#[test]
fn a_thread_and_a_task_share_the_queue() {
    model(None, || {
        let guarded = guarded();
        let other = add_one_on_a_thread(&guarded);
        loom::future::block_on(async {
            let _permit = guarded.semaphore.acquire_async(1).await.unwrap();
            guarded.add_one();
        });
        other.join().unwrap();
        assert_eq!(guarded.semaphore.available(), 1);
    });
}

#[test]
fn many_permits_are_granted_together() {
    model(Some(3), || {
        let semaphore = Arc::new(shared(2));
        let others = [1, 2].map(|n| {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(semaphore.acquire(n).unwrap()))
        });
        drop(semaphore.acquire(2).unwrap());
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(semaphore.available(), 2);
    });
}

/// A permit that is granted in the moment in which its waiter gives up must not be lost.
#[test]
fn a_grant_meets_a_timeout() {
    model(Some(3), || {
        let semaphore = Arc::new(shared(1));
        let held = semaphore.acquire(1).unwrap();
        let clock = thread::spawn(expire_deadlines);
        let waiter = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(semaphore.acquire_until(1, deadline()).unwrap()))
        };
        drop(held);
        waiter.join().unwrap();
        clock.join().unwrap();
        assert_eq!(semaphore.available(), 1);
    });
}

/// And it goes to the next in the queue, who sleeps.
#[test]
fn a_waiter_that_gives_up_takes_no_wake_up_with_it() {
    model(Some(3), || {
        let semaphore = Arc::new(shared(1));
        let held = semaphore.acquire(1).unwrap();
        let timed = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(semaphore.acquire_until(1, deadline()).unwrap()))
        };
        let patient = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(semaphore.acquire(1).unwrap()))
        };
        let clock = thread::spawn(expire_deadlines);
        drop(held);
        timed.join().unwrap();
        patient.join().unwrap();
        clock.join().unwrap();
        assert_eq!(semaphore.available(), 1);
    });
}

#[test]
fn a_try_gets_the_permit_or_leaves_it() {
    model(None, || {
        let guarded = guarded();
        let other = add_one_on_a_thread(&guarded);
        if let Some(_permit) = guarded.semaphore.try_acquire(1).unwrap() {
            guarded.add_one();
        }
        other.join().unwrap();
        assert_eq!(guarded.semaphore.available(), 1);
    });
}

#[test]
fn closing_wakes_whoever_waits() {
    model(None, || {
        let semaphore = Arc::new(shared(1));
        let held = semaphore.acquire(1).unwrap();
        let waiter = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || semaphore.acquire(1).map(drop))
        };
        semaphore.close();
        assert_eq!(waiter.join().unwrap(), Err(AcquireError::Closed));
        drop(held);
        assert_eq!(semaphore.available(), 1);
    });
}

/// Waiters are served in the order in which they came, and nobody passes them.
#[test]
fn the_queue_is_first_come_first_served() {
    model(None, || {
        let semaphore = shared(2);
        let held = semaphore.acquire(2).unwrap();
        let mut waiting = [2, 1, 1].map(|n| Box::pin(semaphore.acquire_async(n)));
        let mut context = Context::from_waker(Waker::noop());
        let mut granted = |waiting: &mut [Pin<Box<Acquire<&Semaphore>>>]| {
            waiting.iter_mut().position(|acquire| acquire.as_mut().poll(&mut context).is_ready())
        };
        assert_eq!(granted(&mut waiting), None);
        drop(held);
        // Two are free, and owed to the first, who has not picked them up yet.
        assert!(semaphore.try_acquire(1).unwrap().is_none(), "a newcomer passed the queue");
        assert_eq!(granted(&mut waiting[1..]), None, "a later waiter was served first");
        assert_eq!(granted(&mut waiting[..1]), Some(0));
        // Its permits were dropped with the answer, and both others were granted one.
        assert_eq!(granted(&mut waiting[1..]), Some(0));
        assert_eq!(granted(&mut waiting[2..]), Some(0));
    });
}

/// One permit is free, but the first in the queue wants two: nobody else is given it.
#[test]
fn a_large_request_is_not_passed_by_small_ones() {
    model(None, || {
        let semaphore = shared(2);
        let held = semaphore.acquire(1).unwrap();
        let mut large = Box::pin(semaphore.acquire_async(2));
        let mut context = Context::from_waker(Waker::noop());
        assert!(large.as_mut().poll(&mut context).is_pending());
        assert!(semaphore.try_acquire(1).unwrap().is_none(), "a small request passed a large one");
        // Once it has gone, the permit is there for others.
        drop(large);
        assert!(semaphore.try_acquire(1).unwrap().is_some());
        drop(held);
    });
}
