//! Tasks in the queue, beside threads and beside each other, and permits that are owned, under the
//! model checker.
//!
//! By hand: `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-semaphore --test
//! loom_tasks`.

#![cfg(lockset_loom)]

mod common;

use std::sync::Arc;

use common::{
    Guarded, acquire, add_times, deadline, guarded, model, model_each_policy, poll, require_idle,
    shared,
};
use lockset_api::{Error, ErrorKind};
use lockset_semaphore::{Policy, sync::expire_deadlines};
use loom::future::block_on;
use loom::thread::{self, JoinHandle};

async fn add_one<P: Policy>(guarded: &Guarded<P>) {
    let _permit = guarded.semaphore.acquire_async(1).await.unwrap();
    guarded.add_one();
}

fn add_one_as_a_task<P: Policy>(guarded: &Arc<Guarded<P>>) -> JoinHandle<()> {
    let guarded = Arc::clone(guarded);
    thread::spawn(move || block_on(add_one(&guarded)))
}

fn a_thread_and_a_task_exclude_each_other<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let other = add_times(&guarded, 1);
        block_on(add_one(&guarded));
        other.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded.semaphore, 1);
    });
}

fn two_tasks_exclude_each_other<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let other = add_one_as_a_task(&guarded);
        block_on(add_one(&guarded));
        other.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded.semaphore, 1);
    });
}

fn a_thread_waits_beside_two_tasks<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let others = [add_one_as_a_task(&guarded), add_times(&guarded, 1)];
        block_on(add_one(&guarded));
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(guarded.number(), 3);
        require_idle(&guarded.semaphore, 1);
    });
}

/// A task that has moved is woken where it is, and not where it was when it began to wait.
fn a_grant_meets_a_task_whose_waker_changes<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let held = guarded.semaphore.acquire(1).unwrap();
        let other = Arc::clone(&guarded);
        let task = thread::spawn(move || {
            let mut acquire = Box::pin(other.semaphore.acquire_async(1));
            // By a waker that wakes nobody.
            if poll(&mut acquire).is_pending() {
                let _permit = block_on(acquire).unwrap();
                assert_eq!(other.number(), 1);
            }
        });
        guarded.add_one();
        drop(held);
        task.join().unwrap();
        require_idle(&guarded.semaphore, 1);
    });
}

/// Each way to ask for permits that are owned, and each half of two given back on another thread.
fn owned_permits_are_given_back_by_others<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(3);
        let mut permits = semaphore.acquire_owned(1).unwrap();
        permits.merge(semaphore.try_acquire_owned(1).unwrap().unwrap()).unwrap();
        permits.merge(block_on(semaphore.acquire_owned_async(1)).unwrap()).unwrap();
        let two = permits.split(2).unwrap();
        assert_eq!((permits.count(), two.count()), (1, 2));
        assert!(permits.split(2).is_none() && permits.count() == 1);
        assert!(semaphore.try_acquire_owned(1).unwrap().is_none(), "one too many");
        let others = [permits, two].map(|permits| thread::spawn(move || drop(permits)));
        drop(semaphore.acquire_owned(3).unwrap());
        others.into_iter().for_each(|other| other.join().unwrap());
        drop(semaphore.acquire_owned_until(1, deadline()).unwrap().unwrap());
        require_idle(&semaphore, 3);
    });
}

/// The last owner of the semaphore may be the one that waits in it.
fn a_waiter_owns_its_semaphore<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(1);
        let held = semaphore.acquire_owned(1).unwrap();
        let waiter = thread::spawn(move || drop(block_on(semaphore.acquire_owned_async(1))));
        drop(held);
        waiter.join().unwrap();
    });
}

/// Permits of two semaphores are not merged, and none of them is lost.
fn permits_of_others_are_not_merged<P: Policy>(_: Option<usize>) {
    model(None, || {
        let (one, other) = (shared::<P>(1), shared::<P>(1));
        let mut permit = one.acquire(1).unwrap();
        let refused = permit.merge(other.acquire(1).unwrap()).unwrap_err();
        assert_eq!((permit.count(), refused.count(), other.available()), (1, 1, 0));
        assert!(std::ptr::eq(permit.semaphore(), &*one), "it is of another");
        assert!(std::ptr::eq(refused.semaphore(), &*other), "it is of another");
        drop((permit, refused));
        require_idle(&one, 1);
        require_idle(&other, 1);
    });
}

/// One permit at a time, or many, and each answer of the family is the semaphore's own.
fn the_trait_family_says_the_same<P: Policy>(_: Option<usize>) {
    // Here only: elsewhere, the verbs are to be the semaphore's.
    use lockset_api::{AsyncLock, AsyncPermits, Lock, Permits};

    model(None, || {
        let semaphore = &*shared::<P>(2);
        let two = Permits::acquire(semaphore, 2).unwrap();
        assert_eq!((two.count(), semaphore.available()), (2, 0));
        assert!(Permits::try_acquire(semaphore, 1).unwrap().is_none());
        assert!(Lock::try_lock(semaphore).unwrap().is_none());
        assert!(block_on(AsyncLock::try_lock_async(semaphore)).unwrap().is_none());
        drop(two);
        let two = Permits::try_acquire(semaphore, 2).unwrap().unwrap();
        assert_eq!((two.count(), semaphore.available()), (2, 0));
        drop(two);
        let two = Permits::acquire_until(semaphore, 2, deadline()).unwrap().unwrap();
        assert_eq!((two.count(), semaphore.available()), (2, 0));
        drop(two);
        let two = block_on(AsyncPermits::acquire_async(semaphore, 2)).unwrap();
        assert_eq!((two.count(), semaphore.available()), (2, 0));
        drop(two);
        let one = Lock::lock(semaphore).unwrap();
        let other = Lock::try_lock(semaphore).unwrap().unwrap();
        assert_eq!((one.count(), other.count(), semaphore.available()), (1, 1, 0));
        drop((one, other));
        let one = Lock::lock_until(semaphore, deadline()).unwrap().unwrap();
        let other = block_on(AsyncLock::lock_async(semaphore)).unwrap();
        assert_eq!((one.count(), other.count(), semaphore.available()), (1, 1, 0));
        drop(one);
        let one = block_on(AsyncLock::try_lock_async(semaphore)).unwrap().unwrap();
        assert_eq!((one.count(), semaphore.available()), (1, 0));
        expire_deadlines();
        assert!(Permits::acquire_until(semaphore, 1, deadline()).unwrap().is_none());
        assert!(Lock::lock_until(semaphore, deadline()).unwrap().is_none());
    });
}

/// What is printed is what is so, and nothing waits for it.
fn all_of_it_can_be_printed<P: Policy>(_: Option<usize>) {
    model(None, || {
        let semaphore = shared::<P>(3);
        let two = semaphore.acquire(2).unwrap();
        assert_eq!(format!("{two:?}"), "Permit { count: 2, .. }");
        let waiting = semaphore.acquire_async(3);
        assert_eq!(format!("{waiting:?}"), "Acquire { wants: 3, .. }");
        let said = "Semaphore { limit: 3, available: 1, is_closed: false, .. }";
        assert_eq!(format!("{semaphore:?}"), said);
        let error = semaphore.acquire(4).unwrap_err();
        assert_eq!(error.to_string(), "4 permits asked of a semaphore that has 3 in all");
        assert_eq!(Error::from(error).kind(), ErrorKind::Config);
        let error = semaphore.set_limit(usize::MAX).unwrap_err();
        assert!(error.to_string().starts_with("a limit of 18446744073709551615 permits; "));
        drop((two, waiting));
        semaphore.close();
        let error = semaphore.acquire(1).unwrap_err();
        assert_eq!(error.to_string(), "the semaphore is closed");
        assert_eq!(Error::from(error).kind(), ErrorKind::Closed);
    });
}

/// A task in front of a thread, both woken by one return of permits.
fn one_release_serves_a_task_and_a_thread<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let held = semaphore.acquire_owned(2).unwrap();
        let thread = acquire(&semaphore, 1);
        let releaser = thread::spawn(move || drop(held));
        drop(block_on(semaphore.acquire_async(1)).unwrap());
        thread.join().unwrap().unwrap();
        releaser.join().unwrap();
        require_idle(&semaphore, 2);
    });
}

model_each_policy! {
    a_thread_and_a_task_exclude_each_other(None),
    two_tasks_exclude_each_other(None),
    // A task is polled more often than a thread looks: with three preemptions, half a minute each.
    a_thread_waits_beside_two_tasks(Some(2)),
    a_grant_meets_a_task_whose_waker_changes(None),
    owned_permits_are_given_back_by_others(Some(3)),
    a_waiter_owns_its_semaphore(None),
    permits_of_others_are_not_merged(None),
    the_trait_family_says_the_same(None),
    all_of_it_can_be_printed(None),
    // As above.
    one_release_serves_a_task_and_a_thread(Some(2)),
}
