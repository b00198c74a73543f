//! What is found: every kind of lock, by threads and by tasks, before anybody waits.
//!
//! A cycle that was not found would hang its test where the locks really meet, and be missing from
//! `report` where they do not.

use std::sync::{Arc, Barrier};
use std::thread;

use lockset_api::{AsyncLock, AsyncPermits, Blocking, Deadline, Lock, OnThread, Permits, block_on};
use lockset_checked::{Checked, CheckedGuard, task};
use lockset_mutex::Mutex;
use lockset_semaphore::Semaphore;
use parking_lot::RwLock;

use crate::common::{in_order, mutex, report};
use crate::dir::Dir;

#[test]
fn a_mutex_and_a_file_lock_in_one_run() {
    let dir = Dir::new();
    let a = mutex().named("accounts");
    let b = Checked::new(dir.file("journal")).named("journal");
    in_order(&a, &b);
    let found = report(|| in_order(&b, &a)).expect("a cycle");
    assert!(found.starts_with("locks taken in a circle: thread `"), "{found}");
    let both = ["asked for `accounts` at ", "while it held `journal`, acquired at "];
    let before = ["asked for `journal` at ", "while it held `accounts`, acquired at "];
    both.iter().chain(&before).for_each(|part| assert!(found.contains(part), "{part}: {found}"));
}

/// Both threads are half way: without the report, this is the deadlock itself.
#[test]
fn two_threads_that_really_meet() {
    let dir = Dir::new();
    let (a, b) = (mutex(), Checked::new(dir.file("lock")));
    let half_way = Barrier::new(2);
    let reports = thread::scope(|scope| {
        let one = scope.spawn(|| {
            report(|| {
                let _a = a.lock();
                half_way.wait();
                drop(b.lock().unwrap());
            })
        });
        let other = scope.spawn(|| {
            report(|| {
                let _b = b.lock().unwrap();
                half_way.wait();
                drop(a.lock());
            })
        });
        [one.join().unwrap(), other.join().unwrap()]
    });
    assert_eq!(reports.iter().flatten().count(), 1, "{reports:?}");
}

#[test]
fn a_lock_that_its_holder_asks_for_again() {
    let dir = Dir::new();
    let (mutex, file) = (mutex(), Checked::new(dir.file("lock")));
    let found = report(|| in_order(&mutex, &mutex)).expect("a lock held twice");
    assert!(found.starts_with("a lock asked for by its own holder: thread `"), "{found}");
    report(|| in_order(&file, &file)).expect("a lock held twice");
    // Nothing was locked by it, and nothing is left.
    assert!(mutex.try_lock().is_some() && file.try_lock().unwrap().is_some());
}

#[test]
fn a_reader_that_asks_to_write_and_a_writer_that_asks_to_read() {
    let lock = Checked::new(RwLock::new(0));
    report(|| drop((lock.read(), lock.lock()))).expect("an upgrade");
    report(|| drop((lock.lock(), lock.read()))).expect("a downgrade");
}

#[test]
fn a_circle_of_three() {
    let (a, b, c) = (mutex(), mutex(), mutex());
    in_order(&a, &b);
    in_order(&b, &c);
    let found = report(|| in_order(&c, &a)).expect("a cycle");
    assert_eq!(found.matches("while it held").count(), 3, "{found}");
    assert_eq!(found.matches("before that").count(), 2, "{found}");
}

#[test]
fn it_is_found_each_time_that_it_is_asked_for() {
    let (a, b) = (mutex(), mutex());
    in_order(&a, &b);
    for _ in 0..3 {
        report(|| in_order(&b, &a)).expect("a cycle");
        in_order(&a, &b);
    }
}

#[test]
fn a_lock_taken_by_trying_is_held_all_the_same() {
    let (a, b) = (mutex(), mutex());
    drop((a.try_lock(), b.lock()));
    let past = Deadline::after(std::time::Duration::from_secs(60));
    report(|| drop((b.lock_until(past), a.lock()))).expect("a cycle");
}

#[test]
fn a_wait_until_never_is_a_wait() {
    let (a, b) = (mutex(), mutex());
    in_order(&a, &b);
    report(|| drop((b.lock(), a.lock_until(Deadline::NEVER)))).expect("a cycle");
}

#[test]
fn permits_and_a_mutex() {
    let slots = Checked::new(Semaphore::new(3)).permits(3);
    let a = mutex();
    drop((a.lock(), slots.acquire(2).unwrap()));
    let held = slots.acquire(2).unwrap();
    report(|| drop(a.lock())).expect("two of three keep out whoever wants two");
    drop(held);
    let slots = Checked::new(Semaphore::new(3)).permits(3);
    let held = slots.acquire(2).unwrap();
    report(|| drop(slots.acquire(2))).expect("its own permits are missing");
    drop(held);
}

#[test]
fn a_semaphore_as_a_lock() {
    let (a, one) = (mutex(), Checked::new(Semaphore::new(1)));
    in_order(&one, &a);
    report(|| in_order(&a, &one)).expect("a cycle");
}

#[test]
fn a_lease_and_a_file_lock() {
    let dir = Dir::new();
    let lease = Checked::new(dir.lease("job"));
    let file = Checked::new(dir.file("lock"));
    in_order(&lease, &file);
    report(|| in_order(&file, &lease)).expect("a cycle");
}

#[test]
fn leases_and_permits_of_tasks() {
    let dir = Dir::new();
    let lease = Checked::new(dir.lease("job"));
    let slot = Checked::new(Semaphore::new(1)).permits(1);
    block_on(task(async {
        let lease = lease.lock_async().await.unwrap();
        drop((slot.acquire_async(1).await.unwrap(), lease));
    }));
    let found = report(|| {
        block_on(task(async {
            let slot = slot.acquire_async(1).await.unwrap();
            drop((lease.lock_async().await.unwrap(), slot));
        }));
    });
    let found = found.expect("a cycle");
    assert!(found.contains("the task made at"), "{found}");
}

/// A task is polled by many threads, and what it holds stays its own.
#[test]
fn a_task_that_moves_between_threads() {
    let (a, b) = (Checked::new(Semaphore::new(1)), Checked::new(Semaphore::new(1)));
    in_order(&b, &a);
    let (a, b) = (Arc::new(a), Arc::new(b));
    let (moved_a, moved_b) = (Arc::clone(&a), Arc::clone(&b));
    let mut moved = Box::pin(task(async move {
        let held = moved_a.lock_async().await.unwrap();
        let mut first = true;
        std::future::poll_fn(|_| {
            if std::mem::take(&mut first) { std::task::Poll::Pending } else { ().into() }
        })
        .await;
        drop((moved_b.lock_async().await.unwrap(), held));
    }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(moved.as_mut().poll(&mut context).is_pending());
    let found = thread::spawn(move || report(|| block_on(moved))).join().unwrap();
    found.expect("a cycle");
}

/// A blocking verb stops the thread, and with it everything that the thread has in hand.
#[test]
fn a_blocking_verb_inside_a_task() {
    let (outer, inner) = (mutex(), mutex());
    in_order(&inner, &outer);
    let held = outer.lock();
    let found = report(|| block_on(task(async { drop(inner.lock()) })));
    drop(held);
    found.expect("a cycle through the thread's own mutex");
}

#[test]
fn a_lock_with_a_thread_for_each_wait() {
    let (a, b) = (mutex(), Checked::new(Blocking::new(OnThread::new(Mutex::new(())))));
    in_order(&a, &b);
    report(|| in_order(&b, &a)).expect("a cycle");
}

#[test]
fn readers_where_writers_go_first() {
    let lock = || Checked::new(RwLock::new(0)).writers_first();
    let (a, b) = (lock(), lock());
    drop((a.read(), b.read()));
    report(|| drop((b.read(), a.read()))).expect("a writer may wait in between");
    report(|| drop((a.read(), a.read()))).expect("a writer may wait in between");
}

#[test]
fn the_order_of_a_class() {
    let account = || mutex().class("account in the tests");
    let audit = mutex();
    in_order(&account(), &audit);
    // Another account, which has not met the audit yet.
    let found = report(|| in_order(&audit, &account())).expect("a cycle");
    assert!(found.contains("a lock of class `account in the tests`"), "{found}");
}

#[test]
fn two_handles_on_one_lock() {
    let dir = Dir::new();
    let one = Checked::new(dir.file("lock"));
    let other = one.again(dir.file("lock"));
    report(|| in_order(&one, &other)).expect("a lock held twice");
    let clone = one.clone();
    report(|| in_order(&clone, &other)).expect("a lock held twice");
}

#[test]
fn a_guard_that_was_adopted() {
    let (a, b) = (mutex(), Checked::new(Semaphore::new(1)));
    in_order(&a, &b);
    let mut sent = b.lock().unwrap();
    thread::scope(|scope| {
        let receiver = scope.spawn(|| {
            CheckedGuard::adopt(&mut sent);
            report(|| drop(a.lock())).expect("a cycle");
            drop(sent);
        });
        receiver.join().unwrap();
    });
    // Adopted and dropped by the same: it was not sent, as far as anybody knows.
    report(|| in_order(&b, &a)).expect("a cycle");
}

#[test]
fn an_order_that_was_forgotten_is_learnt_again() {
    let (a, b) = (mutex(), Checked::new(Semaphore::new(1)));
    let mut sent = b.lock().unwrap();
    drop(a.lock());
    // By now `sent` may have been anywhere, so the order of `b` and `a` is none.
    thread::scope(|scope| {
        scope.spawn(move || {
            CheckedGuard::adopt(&mut sent);
            drop(sent);
        });
    });
    in_order(&b, &a);
    report(|| in_order(&a, &b)).expect("a cycle");
}

/// Behind pointers, too, and by code that takes any lock, the site is that of the call.
#[test]
fn behind_pointers() {
    let (a, b) = (Arc::new(mutex()), Arc::new(mutex()));
    drop((Lock::lock(&a).unwrap(), Lock::lock(&b).unwrap()));
    let found = report(|| drop((Lock::lock(&b).unwrap(), Lock::lock(&a).unwrap())));
    let found = found.expect("a cycle");
    assert!(!found.contains("pointers.rs"), "{found}");
}
