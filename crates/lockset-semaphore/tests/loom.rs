//! The shipped semaphore, with each policy, under the model checker: no more holders than permits,
//! and nobody who sleeps for ever.
//!
//! Run by `cargo xtask test`, each model in a process of its own, because a deadlock that loom
//! finds aborts the process. By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-semaphore --test loom`.
//!
//! Two threads are explored exhaustively, three with a bound on the preemptions: three, unless a
//! model says why not.

#![cfg(lockset_loom)]

mod common;

use std::sync::Arc;

use common::{
    acquire, add_times, guarded, model, model_each_policy, model_policy, require_idle, shared,
};
use lockset_semaphore::{Permit, Policy, SemaphoreWith};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

fn two_threads_exclude_each_other<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let other = add_times(&guarded, 1);
        {
            let _permit = guarded.semaphore.acquire(1).unwrap();
            guarded.add_one();
        }
        other.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded.semaphore, 1);
    });
}

fn two_threads_that_acquire_twice<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let other = add_times(&guarded, 2);
        for _ in 0..2 {
            let _permit = guarded.semaphore.acquire(1).unwrap();
            guarded.add_one();
        }
        other.join().unwrap();
        assert_eq!(guarded.number(), 4);
        require_idle(&guarded.semaphore, 1);
    });
}

fn three_threads_exclude_each_other<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let others = [add_times(&guarded, 1), add_times(&guarded, 1)];
        {
            let _permit = guarded.semaphore.acquire(1).unwrap();
            guarded.add_one();
        }
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(guarded.number(), 3);
        require_idle(&guarded.semaphore, 1);
    });
}

fn a_try_gets_the_permit_or_leaves_it<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let other = add_times(&guarded, 1);
        let mut expected = 1;
        if let Some(_permit) = guarded.semaphore.try_acquire(1).unwrap() {
            guarded.add_one();
            expected += 1;
        }
        other.join().unwrap();
        assert_eq!(guarded.number(), expected);
        require_idle(&guarded.semaphore, 1);
    });
}

/// One holds, one waits, and one that has never had the permit before tries: it sees nothing of the
/// queue, so it depends on what the word orders alone.
fn a_newcomer_tries_beside_a_waiter<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(1);
        let waiter = add_times(&guarded, 1);
        let newcomer = Arc::clone(&guarded);
        let newcomer = thread::spawn(move || {
            let permit = newcomer.semaphore.try_acquire(1).unwrap();
            permit.as_ref().map(|_| newcomer.add_one()).is_some()
        });
        {
            let _permit = guarded.semaphore.acquire(1).unwrap();
            guarded.add_one();
        }
        waiter.join().unwrap();
        let granted = newcomer.join().unwrap();
        assert_eq!(guarded.number(), 2 + usize::from(granted));
        require_idle(&guarded.semaphore, 1);
    });
}

fn many_permits_are_granted_together<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let others = [acquire(&semaphore, 1), acquire(&semaphore, 2)];
        drop(semaphore.acquire(2).unwrap());
        others.into_iter().for_each(|other| other.join().unwrap().unwrap());
        require_idle(&semaphore, 2);
    });
}

/// A page for each of two writers. Who has both of the permits has both of the pages.
struct Pages([UnsafeCell<usize>; 2]);

// SAFETY: each page is used by its writer, and by whoever has all permits; loom fails the model
// should that not suffice.
unsafe impl Sync for Pages {}

impl Pages {
    fn sum(&self) -> usize {
        // SAFETY: as above.
        self.0.iter().map(|page| page.with(|number| unsafe { *number })).sum()
    }
}

type Owned<P> = Permit<Arc<SemaphoreWith<P>>>;

fn write_and_release<P: Policy>(
    permit: Owned<P>,
    pages: &Arc<Pages>,
    page: usize,
) -> JoinHandle<()> {
    let pages = Arc::clone(pages);
    thread::spawn(move || {
        // SAFETY: as above.
        pages.0[page].with_mut(|number| unsafe { *number += 1 });
        drop(permit);
    })
}

/// The waiter needs both of them, whoever of the two serves it, or if it serves itself: what each
/// did before has to reach it, not only what its server did.
fn both_releases_reach_a_waiter_of_two<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let semaphore = shared::<P>(2);
        let pages = Arc::new(Pages([UnsafeCell::new(0), UnsafeCell::new(0)]));
        let permits = [0, 1].map(|page| (semaphore.acquire_owned(1).unwrap(), page));
        let writers = permits.map(|(permit, page)| write_and_release(permit, &pages, page));
        {
            let _both = semaphore.acquire(2).unwrap();
            assert_eq!(pages.sum(), 2);
        }
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        require_idle(&semaphore, 2);
    });
}

/// Who takes permits sees what was done before any earlier return of permits, even of ones that it
/// did not need: the order of the changes of the word is one.
fn an_earlier_release_is_seen_without_need<P: Policy>(preemptions: Option<usize>) {
    model(preemptions, || {
        let guarded = guarded::<P>(2);
        let held = guarded.semaphore.acquire(1).unwrap();
        let other = Arc::clone(&guarded);
        let reader = thread::spawn(move || {
            let permit = other.semaphore.try_acquire(1).unwrap();
            // One of the two permits was free all the time. But if both are out now besides the
            // first one's, that has been given back.
            let second = other.semaphore.try_acquire(1).unwrap();
            if permit.is_some() && second.is_some() {
                assert_eq!(other.number(), 1);
            }
        });
        guarded.add_one();
        drop(held);
        reader.join().unwrap();
        require_idle(&guarded.semaphore, 2);
    });
}

model_each_policy! {
    two_threads_exclude_each_other(None),
    three_threads_exclude_each_other(Some(3)),
    a_try_gets_the_permit_or_leaves_it(None),
    a_newcomer_tries_beside_a_waiter(Some(3)),
    many_permits_are_granted_together(Some(3)),
    both_releases_reach_a_waiter_of_two(Some(3)),
    an_earlier_release_is_seen_without_need(None),
}

model_policy!(fifo_twice: Fifo, two_threads_that_acquire_twice(None));
model_policy!(bounded_twice: Bounded<1>, two_threads_that_acquire_twice(Some(4)));
// All of it takes more than a minute: whoever is called may find nothing, and go back to sleep.
model_policy!(barging_twice: Barging, two_threads_that_acquire_twice(Some(4)));
