//! The shipped file lock under the model checker, its kernel and other processes played by the
//! model: no two inside, and nobody who sleeps for ever.
//!
//! Run by `cargo xtask test`, each model in a process of its own, because a deadlock that loom
//! finds aborts the process. By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-file --test loom`.
//!
//! The waiter and the queue, the helper and the state are those that ship. Played are the kernel's
//! own queue, and what another process does: `src/sync/kernel.rs`.

#![cfg(lockset_loom)]

mod models;

use std::task::{Context, Poll, Waker};

use lockset_api::{AsyncLock, Lock, SharedLock};
use lockset_file::sync::Outsider;
use lockset_file::{Mode, Options};
use models::{model, patient, require_idle, start, task, visit};

#[test]
fn two_threads_exclude_each_other() {
    model(None, Options::new(), |guarded| {
        let other = patient(&guarded, 1);
        {
            let _guard = guarded.lock.lock().expect("locks");
            guarded.add_one();
        }
        other.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded);
    });
}

#[test]
fn two_threads_that_lock_twice() {
    model(Some(5), Options::new(), |guarded| {
        let other = patient(&guarded, 2);
        for _ in 0..2 {
            let _guard = guarded.lock.lock().expect("locks");
            guarded.add_one();
        }
        other.join().unwrap();
        assert_eq!(guarded.number(), 4);
        require_idle(&guarded);
    });
}

#[test]
fn three_threads_exclude_each_other() {
    model(Some(3), Options::new(), |guarded| {
        let others = [patient(&guarded, 1), patient(&guarded, 1)];
        {
            let _guard = guarded.lock.lock().expect("locks");
            guarded.add_one();
        }
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(guarded.number(), 3);
        require_idle(&guarded);
    });
}

#[test]
fn a_thread_and_a_task_exclude_each_other() {
    model(None, Options::new(), |guarded| {
        let task = task(&guarded);
        {
            let _guard = guarded.lock.lock().expect("locks");
            guarded.add_one();
        }
        task.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded);
    });
}

#[test]
fn a_thread_and_another_process_exclude_each_other() {
    model(None, Options::new(), |guarded| {
        let thread = patient(&guarded, 1);
        visit(&guarded, Outsider::lock(Mode::Exclusive));
        thread.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded);
    });
}

/// On behalf of the task the helper asks.
#[test]
fn a_task_and_another_process_exclude_each_other() {
    model(None, Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Exclusive);
        let task = task(&guarded);
        visit(&guarded, process);
        task.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded);
    });
}

/// A task that moved has another waker each time, and only the last one counts.
#[test]
fn a_task_that_moves_is_served() {
    model(None, Options::new(), |guarded| {
        let held = guarded.lock.lock().expect("locks");
        let task = start(&guarded, |guarded| {
            let mut lock = Box::pin(guarded.lock.lock_async());
            let mut elsewhere = Context::from_waker(Waker::noop());
            let guard = match lock.as_mut().poll(&mut elsewhere) {
                Poll::Ready(guard) => guard.expect("locks"),
                Poll::Pending => loom::future::block_on(lock).expect("locks"),
            };
            guarded.add_one();
            drop(guard);
        });
        guarded.add_one();
        drop(held);
        task.join().unwrap();
        assert_eq!(guarded.number(), 2);
        require_idle(&guarded);
    });
}

/// Who is first asks the kernel, itself or by the helper, whichever of them that is.
#[test]
fn a_thread_and_a_task_wait_for_another_process() {
    model(Some(3), Options::new(), |guarded| {
        let process = Outsider::lock(Mode::Exclusive);
        let (thread, task) = (patient(&guarded, 1), task(&guarded));
        visit(&guarded, process);
        thread.join().unwrap();
        task.join().unwrap();
        assert_eq!(guarded.number(), 3);
        require_idle(&guarded);
    });
}

#[test]
fn two_readers_and_a_writer() {
    model(Some(3), Options::new(), |guarded| {
        let reader = start(&guarded, |guarded| {
            let _guard = guarded.lock.read().expect("locks");
            guarded.number()
        });
        let writer = patient(&guarded, 1);
        {
            let _guard = guarded.lock.read().expect("locks");
            assert!(guarded.number() < 2);
        }
        writer.join().unwrap();
        assert!(reader.join().unwrap() < 2);
        assert_eq!(guarded.number(), 1);
        require_idle(&guarded);
    });
}

#[test]
fn a_try_gets_the_lock_or_leaves_it() {
    model(None, Options::new(), |guarded| {
        let other = patient(&guarded, 1);
        let mut expected = 1;
        if let Some(_guard) = guarded.lock.try_lock().expect("asks") {
            guarded.add_one();
            expected += 1;
        }
        other.join().unwrap();
        assert_eq!(guarded.number(), expected);
        require_idle(&guarded);
    });
}
