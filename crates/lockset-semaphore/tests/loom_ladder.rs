//! Every stage of the ladder under the model checker; one set of models for all, and some for those
//! that can do more.
//!
//! Run by `cargo xtask test`, each model in a process of its own, because a deadlock that loom
//! finds aborts the process. By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-semaphore --test loom_ladder`.
//!
//! Two threads are explored exhaustively, three with at most three preemptions.

#![cfg(lockset_loom)]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lockset_api::Deadline;
use lockset_semaphore::ladder::{
    self, AsyncSemaphore, QueuedSemaphore, RawSemaphore, TimedSemaphore,
};
use lockset_semaphore::{for_each_stage, sync::expire_deadlines};
use lockset_sync::explore as model;
use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread::{self, JoinHandle};

/// A semaphore, and a number whose every access loom watches: one that the semaphore does not order
/// is a data race.
struct Guarded<S> {
    semaphore: S,
    number: UnsafeCell<usize>,
}

// SAFETY: who writes the number holds all permits, who reads it holds one; loom fails the model
// should that not suffice.
unsafe impl<S: Sync> Sync for Guarded<S> {}

impl<S> Guarded<S> {
    fn add_one(&self) {
        // SAFETY: as above.
        self.number.with_mut(|number| unsafe { *number += 1 });
    }

    fn read(&self) -> usize {
        // SAFETY: as above.
        self.number.with(|number| unsafe { *number })
    }
}

fn guarded<S: RawSemaphore>(permits: u32) -> Arc<Guarded<S>> {
    let semaphore = S::new(permits);
    // Used before it is shared, as the seam's atomics ask for.
    drop(semaphore.try_acquire(permits).expect("nobody else is there"));
    assert_eq!(semaphore.available(), permits);
    Arc::new(Guarded { semaphore, number: UnsafeCell::new(0) })
}

/// Some work on a thread of its own.
fn spawn<S: RawSemaphore + 'static, T: 'static>(
    guarded: &Arc<Guarded<S>>,
    work: impl FnOnce(&Guarded<S>) -> T + 'static,
) -> JoinHandle<T> {
    let guarded = Arc::clone(guarded);
    thread::spawn(move || work(&guarded))
}

/// Some deadline: the model, not the clock, says when it has passed.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(1))
}

fn two_threads_exclude_each_other<S: RawSemaphore + 'static>() {
    model(None, || {
        let guarded = guarded::<S>(1);
        let add_one = |guarded: &Guarded<S>| {
            let _held = guarded.semaphore.acquire(1);
            guarded.add_one();
        };
        let other = spawn(&guarded, add_one);
        add_one(&guarded);
        other.join().unwrap();
        assert_eq!((guarded.read(), guarded.semaphore.available()), (2, 1));
    });
}

fn a_try_gets_the_permit_or_leaves_it<S: RawSemaphore + 'static>() {
    model(None, || {
        let guarded = guarded::<S>(1);
        let other = spawn(&guarded, |guarded| {
            let _held = guarded.semaphore.acquire(1);
            guarded.add_one();
        });
        let mut expected = 1;
        if let Some(_held) = guarded.semaphore.try_acquire(1) {
            guarded.add_one();
            expected += 1;
        }
        other.join().unwrap();
        assert_eq!((guarded.read(), guarded.semaphore.available()), (expected, 1));
    });
}

/// One permit to read, both to write: nobody writes while somebody reads.
fn a_large_request_excludes_small_ones<S: RawSemaphore + 'static>() {
    model(Some(3), || {
        let guarded = guarded::<S>(2);
        let read = |guarded: &Guarded<S>| {
            let _held = guarded.semaphore.acquire(1);
            guarded.read()
        };
        let readers = [spawn(&guarded, read), spawn(&guarded, read)];
        let held = guarded.semaphore.acquire(2);
        guarded.add_one();
        drop(held);
        for reader in readers {
            assert!(reader.join().unwrap() <= 1);
        }
        assert_eq!(guarded.semaphore.available(), 2);
    });
}

/// Both waiters are served by one release, which is the last there is.
fn a_release_of_two_serves_both<S: RawSemaphore + 'static>() {
    model(Some(3), || {
        let guarded = guarded::<S>(2);
        let held = guarded.semaphore.acquire(2);
        let keep = |guarded: &Guarded<S>| std::mem::forget(guarded.semaphore.acquire(1));
        let keepers = [spawn(&guarded, keep), spawn(&guarded, keep)];
        drop(held);
        keepers.into_iter().for_each(|keeper| keeper.join().unwrap());
        assert_eq!(guarded.semaphore.available(), 0);
    });
}

/// Who wants what there is not does not keep others from what there is, where there is no order.
fn a_small_request_is_served_beside_a_large_one<S: RawSemaphore + 'static>() {
    model(Some(3), || {
        let guarded = guarded::<S>(2);
        let [one, other] = [guarded.semaphore.acquire(1), guarded.semaphore.acquire(1)];
        let large = spawn(&guarded, |guarded| drop(guarded.semaphore.acquire(2)));
        let small = spawn(&guarded, |guarded| drop(guarded.semaphore.acquire(1)));
        drop(one);
        small.join().unwrap();
        drop(other);
        large.join().unwrap();
        assert_eq!(guarded.semaphore.available(), 2);
    });
}

/// Who waits is seen to wait, and to wait no more.
fn who_waits_is_counted<S: QueuedSemaphore + 'static>() {
    model(None, || {
        let guarded = guarded::<S>(1);
        let held = guarded.semaphore.acquire(1);
        let waiter = spawn(&guarded, |guarded| drop(guarded.semaphore.acquire(1)));
        while guarded.semaphore.waiting() == 0 {
            thread::yield_now();
        }
        assert_eq!((guarded.semaphore.available(), guarded.semaphore.waiting()), (0, 1));
        drop(held);
        assert_eq!(guarded.semaphore.waiting(), 0);
        waiter.join().unwrap();
        assert_eq!(guarded.semaphore.available(), 1);
    });
}

fn nobody_passes_a_large_request<S: QueuedSemaphore + 'static>() {
    model(None, || {
        let guarded = guarded::<S>(2);
        let held = guarded.semaphore.acquire(1);
        let large = spawn(&guarded, |guarded| drop(guarded.semaphore.acquire(2)));
        if guarded.semaphore.waiting() == 1 {
            assert!(guarded.semaphore.try_acquire(1).is_none(), "passed somebody who waits");
        }
        drop(held);
        large.join().unwrap();
        assert_eq!((guarded.semaphore.available(), guarded.semaphore.waiting()), (2, 0));
    });
}

/// The release and the deadline come at the same time: one of them decides, and no permit is lost.
fn a_grant_meets_a_timeout<S: TimedSemaphore + 'static>() {
    model(Some(3), || {
        let guarded = guarded::<S>(1);
        let held = guarded.semaphore.acquire(1);
        let timed = spawn(&guarded, |guarded| {
            if let Some(_held) = guarded.semaphore.acquire_until(1, deadline()) {
                guarded.add_one();
            }
        });
        let clock = thread::spawn(expire_deadlines);
        guarded.add_one();
        drop(held);
        timed.join().unwrap();
        clock.join().unwrap();
        assert_eq!((guarded.semaphore.available(), guarded.semaphore.waiting()), (1, 0));
    });
}

/// The small request is behind the large one, which cannot be served; or before it.
fn who_gives_up_takes_no_wake_up_along<S: TimedSemaphore + 'static>() {
    model(Some(3), || {
        let guarded = guarded::<S>(2);
        let held = guarded.semaphore.acquire(1);
        let large = spawn(&guarded, |guarded| {
            assert!(guarded.semaphore.acquire_until(2, deadline()).is_none());
        });
        let small = spawn(&guarded, |guarded| drop(guarded.semaphore.acquire(1)));
        expire_deadlines();
        large.join().unwrap();
        small.join().unwrap();
        drop(held);
        assert_eq!((guarded.semaphore.available(), guarded.semaphore.waiting()), (2, 0));
    });
}

/// It is behind another, who waits on: for a permit that is held.
fn who_gives_up_gives_no_permit_away<S: TimedSemaphore + 'static>() {
    model(None, || {
        let guarded = guarded::<S>(1);
        expire_deadlines();
        let held = guarded.semaphore.acquire(1);
        let patient = spawn(&guarded, |guarded| {
            let _held = guarded.semaphore.acquire(1);
            guarded.add_one();
        });
        assert!(guarded.semaphore.acquire_until(1, deadline()).is_none());
        guarded.add_one();
        drop(held);
        patient.join().unwrap();
        assert_eq!((guarded.read(), guarded.semaphore.available()), (2, 1));
        assert_eq!(guarded.semaphore.waiting(), 0);
    });
}

fn a_thread_and_a_task_exclude_each_other<S: AsyncSemaphore + 'static>() {
    model(None, || {
        let guarded = guarded::<S>(1);
        let thread = spawn(&guarded, |guarded| {
            let _held = guarded.semaphore.acquire(1);
            guarded.add_one();
        });
        block_on(async {
            let _held = guarded.semaphore.acquire_async(1).await;
            guarded.add_one();
        });
        thread.join().unwrap();
        assert_eq!((guarded.read(), guarded.semaphore.available()), (2, 1));
    });
}

/// Polls once, for a task that nobody would wake.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A future is dropped while it is granted its permit: the other waiter gets it.
fn a_grant_meets_a_drop<S: AsyncSemaphore + 'static>()
where
    for<'a> S::Acquire<'a>: Unpin,
{
    model(Some(3), || {
        let guarded = guarded::<S>(1);
        let held = guarded.semaphore.acquire(1);
        let mut dropped = guarded.semaphore.acquire_async(1);
        assert!(poll_once(&mut dropped).is_pending());
        std::mem::forget(held);
        let giver = spawn(&guarded, |guarded| guarded.semaphore.release(1));
        let patient = spawn(&guarded, |guarded| drop(guarded.semaphore.acquire(1)));
        drop(dropped);
        giver.join().unwrap();
        patient.join().unwrap();
        assert_eq!((guarded.semaphore.available(), guarded.semaphore.waiting()), (1, 0));
    });
}

/// A task that is polled again is woken where it is then.
fn the_newest_waker_wakes<S: AsyncSemaphore + 'static>()
where
    for<'a> S::Acquire<'a>: Unpin,
{
    model(None, || {
        let guarded = guarded::<S>(1);
        std::mem::forget(guarded.semaphore.acquire(1));
        let mut moved = guarded.semaphore.acquire_async(1);
        assert!(poll_once(&mut moved).is_pending());
        let giver = spawn(&guarded, |guarded| {
            guarded.add_one();
            guarded.semaphore.release(1);
        });
        let held = block_on(moved);
        assert_eq!((guarded.read(), held.count()), (1, 1));
        giver.join().unwrap();
    });
}

/// The named models, for the type `Stage` of the module they are in.
macro_rules! models {
    ($($model:ident)*) => {$(
        #[test]
        fn $model() {
            super::$model::<Stage>();
        }
    )*};
}

macro_rules! model_each {
    ($($name:ident: $Stage:ident),*) => {$(
        mod $name {
            type Stage = super::ladder::$Stage;

            models! {
                two_threads_exclude_each_other
                a_try_gets_the_permit_or_leaves_it
                a_large_request_excludes_small_ones
                a_release_of_two_serves_both
            }
        }
    )*};
}

for_each_stage!(model_each);

macro_rules! model_also {
    ($($module:ident: $Stage:ident { $($model:ident)* })*) => {$(
        mod $module {
            type Stage = super::ladder::$Stage;

            models! { $($model)* }
        }
    )*};
}

model_also! {
    mutex_condvar_has_no_order: MutexCondvar { a_small_request_is_served_beside_a_large_one }
    count_futex_has_no_order: CountFutex { a_small_request_is_served_beside_a_large_one }
    waiters_flag_has_no_order: WaitersFlag { a_small_request_is_served_beside_a_large_one }
    fifo_queue_serves_in_order: FifoQueue { who_waits_is_counted nobody_passes_a_large_request }
    giving_up_is_timed: GivingUp {
        who_waits_is_counted
        nobody_passes_a_large_request
        a_grant_meets_a_timeout
        who_gives_up_takes_no_wake_up_along
        who_gives_up_gives_no_permit_away
    }
    wakers_are_of_tasks: Wakers {
        who_waits_is_counted
        nobody_passes_a_large_request
        a_grant_meets_a_timeout
        who_gives_up_takes_no_wake_up_along
        who_gives_up_gives_no_permit_away
        a_thread_and_a_task_exclude_each_other
        a_grant_meets_a_drop
        the_newest_waker_wakes
    }
}
