//! Waiters that give up, by a deadline or because their future is dropped, under the model checker:
//! none takes along what was meant for another, and none leaves a lock behind.
//!
//! By hand: `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-file --test
//! loom_giving_up`.

#![cfg(lockset_loom)]

mod models;

use std::task::{Context, Poll, Waker};

use lockset_api::{AsyncLock, Lock, SharedLock};
use lockset_file::sync::{Outsider, expire_deadlines, join_helpers, refuse_the_helper};
use lockset_file::{Mode, Options};
use models::{Guarded, dropped, model, patient, require_idle, start, task, timed, visit};

/// What is granted to one who gives up in that moment goes on to the next, or back.
#[test]
fn a_grant_meets_a_timeout() {
    model(Some(4), Options::new(), |guarded| {
        let held = guarded.lock.lock().expect("locks");
        let timed = timed(&guarded);
        let clock = loom::thread::spawn(expire_deadlines);
        guarded.add_one();
        drop(held);
        let served = timed.join().unwrap();
        clock.join().unwrap();
        assert_eq!(guarded.number(), 1 + usize::from(served));
        require_idle(&guarded);
    });
}

#[test]
fn a_grant_meets_a_dropped_future() {
    model(None, Options::new(), |guarded| {
        let held = guarded.lock.lock().expect("locks");
        let task = dropped(&guarded);
        guarded.add_one();
        drop(held);
        let served = task.join().unwrap();
        assert_eq!(guarded.number(), 1 + usize::from(served));
        require_idle(&guarded);
    });
}

/// The helper asks in vain on behalf of one who has gone, and who is first by then asks the kernel
/// himself: it is not his error, and what the kernel grants him is his.
#[test]
fn an_error_of_the_helpers_meets_a_dropped_future() {
    model(Some(2), Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Exclusive);
        refuse_the_helper();
        let mut task = Box::pin(guarded.lock.lock_async());
        let first_look = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        // Pending, or refused already.
        let has_it = matches!(first_look, Poll::Ready(Ok(_)));
        assert!(!has_it, "another process has it");
        let next = patient(&guarded, 1);
        loom::thread::yield_now();
        drop(task);
        visit(&guarded, process);
        next.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded);
    });
}

/// The helper is in the kernel on behalf of one who has gone.
#[test]
fn the_kernels_grant_meets_a_timeout() {
    model(Some(3), Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Exclusive);
        let timed = timed(&guarded);
        let clock = loom::thread::spawn(expire_deadlines);
        visit(&guarded, process);
        let served = timed.join().unwrap();
        clock.join().unwrap();
        assert!(join_helpers() <= 1, "more than one helper");
        assert_eq!(guarded.number(), 1 + usize::from(served));
        require_idle(&guarded);
    });
}

#[test]
fn the_kernels_grant_meets_a_dropped_future() {
    model(None, Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Exclusive);
        let task = dropped(&guarded);
        visit(&guarded, process);
        let served = task.join().unwrap();
        assert!(join_helpers() <= 1, "more than one helper");
        assert_eq!(guarded.number(), 1 + usize::from(served));
        require_idle(&guarded);
    });
}

/// Nobody gives anything back, so a deadline that is slept through shows as a deadlock.
#[test]
fn a_waiter_leaves_in_time_with_nothing() {
    model(None, Options::new(), |guarded| {
        let held = guarded.lock.lock().expect("locks");
        let timed = timed(&guarded);
        expire_deadlines();
        assert!(!timed.join().unwrap());
        drop(held);
        require_idle(&guarded);
    });
}

#[test]
fn a_waiter_leaves_in_time_while_another_process_stays() {
    model(None, Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Exclusive);
        let timed = timed(&guarded);
        expire_deadlines();
        assert!(!timed.join().unwrap());
        drop(process);
        require_idle(&guarded);
    });
}

#[test]
fn a_waiter_that_gives_up_takes_no_wake_up_with_it() {
    model(Some(3), Options::new(), |guarded| {
        let held = guarded.lock.lock().expect("locks");
        let (timed, patient) = (timed(&guarded), patient(&guarded, 1));
        expire_deadlines();
        drop(held);
        let served = timed.join().unwrap();
        patient.join().unwrap();
        assert_eq!(guarded.number(), 1 + usize::from(served));
        require_idle(&guarded);
    });
}

#[test]
fn a_dropped_future_takes_no_wake_up_with_it() {
    model(Some(3), Options::new(), |guarded| {
        let held = guarded.lock.lock().expect("locks");
        let (dropped, task) = (dropped(&guarded), task(&guarded));
        drop(held);
        let served = dropped.join().unwrap();
        task.join().unwrap();
        assert_eq!(guarded.number(), 1 + usize::from(served));
        require_idle(&guarded);
    });
}

/// The patient one asks the kernel itself, while the helper is there still for the one that has
/// gone.
#[test]
fn behind_one_that_gives_up_a_thread_waits_for_another_process() {
    // With three preemptions, two minutes.
    model(Some(2), Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Exclusive);
        let (timed, patient) = (timed(&guarded), patient(&guarded, 1));
        expire_deadlines();
        visit(&guarded, process);
        let served = timed.join().unwrap();
        patient.join().unwrap();
        assert_eq!(guarded.number(), 2 + usize::from(served));
        require_idle(&guarded);
    });
}

/// The same helper asks for whoever comes next.
#[test]
fn behind_one_that_gives_up_a_task_waits_for_another_process() {
    model(Some(3), Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Exclusive);
        let (dropped, task) = (dropped(&guarded), task(&guarded));
        visit(&guarded, process);
        let served = dropped.join().unwrap();
        task.join().unwrap();
        assert_eq!(guarded.number(), 2 + usize::from(served));
        require_idle(&guarded);
    });
}

/// Another process reads, and stays. The helper cannot be called back from asking for the writer
/// that has gone; the reader is let in even so.
#[test]
fn behind_a_writer_that_gives_up_a_reader_reads_beside_another_process() {
    model(Some(3), Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Shared);
        let writer = dropped(&guarded);
        let reader = start(&guarded, read_as_a_task);
        assert!(!writer.join().unwrap());
        assert_eq!(reader.join().unwrap(), 0);
        drop(process);
        require_idle(&guarded);
    });
}

fn read_as_a_task(guarded: &Guarded) -> usize {
    use lockset_api::AsyncSharedLock;
    let _guard = loom::future::block_on(guarded.lock.read_async()).expect("locks");
    guarded.number()
}

/// A share that is granted to one who gives up comes back.
#[test]
fn readers_give_up_beside_a_writer() {
    model(Some(3), Options::new(), |guarded| {
        let held = guarded.lock.lock().expect("locks");
        let reader = start(&guarded, |guarded| {
            let guard = guarded.lock.read_until(models::deadline()).expect("locks");
            guard.map(|_guard| guarded.number())
        });
        let writer = patient(&guarded, 1);
        expire_deadlines();
        drop(held);
        reader.join().unwrap();
        writer.join().unwrap();
        assert_eq!(guarded.number(), 1);
        require_idle(&guarded);
    });
}
