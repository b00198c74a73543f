//! What is not reported, each for a reason that is said at `Checked`: a report here is a panic, and
//! fails the test.
//!
//! Each test first shows an order, and then goes against it.

use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{AsyncLock, AsyncPermits, Deadline, Lease, Lock, Permits, SharedLock, block_on};
use lockset_checked::{Checked, CheckedGuard, task};
use lockset_semaphore::Semaphore;
use parking_lot::RwLock;

use crate::common::{in_order, mutex, report};
use crate::dir::Dir;

#[test]
fn opposite_orders_behind_a_gate() {
    let (gate, a, b) = (mutex(), mutex(), mutex());
    {
        let _gate = gate.lock();
        in_order(&a, &b);
    }
    {
        let _gate = gate.lock();
        in_order(&b, &a);
    }
    // Once without the gate is once too often.
    report(|| in_order(&b, &a)).expect("a cycle");
}

#[test]
fn a_gate_for_readers_is_none() {
    let (gate, a, b) = (Checked::new(RwLock::new(0)), mutex(), mutex());
    drop((gate.read(), a.lock(), b.lock()));
    report(|| drop((gate.read(), b.lock(), a.lock()))).expect("two may be behind that gate");
}

/// Each two of the three ways have a gate in common, but not all three one.
#[test]
fn a_circle_of_three_with_gates_between_two() {
    let [g, h, i, a, b, c] = [(); 6].map(|()| mutex());
    drop((g.lock(), h.lock(), a.lock(), b.lock()));
    drop((g.lock(), i.lock(), b.lock(), c.lock()));
    drop((h.lock(), i.lock(), c.lock(), a.lock()));
}

/// The gate is around two ways that do not follow each other in the search.
#[test]
fn a_circle_of_three_with_one_gate() {
    let [gate, a, b, c] = [(); 4].map(|()| mutex());
    in_order(&a, &b);
    drop((gate.lock(), b.lock(), c.lock()));
    drop((gate.lock(), c.lock(), a.lock()));
    report(|| in_order(&c, &a)).expect("a cycle, without the gate");
}

#[test]
fn trying_does_not_wait() {
    let (a, b) = (mutex(), mutex());
    in_order(&a, &b);
    let held = b.lock();
    assert!(a.try_lock().is_some());
    assert!(b.try_lock().is_none());
    drop(held);
}

#[test]
fn a_deadline_ends_the_wait() {
    let (a, b) = (mutex(), mutex());
    in_order(&a, &b);
    let held = b.lock();
    let soon = Deadline::after(Duration::from_millis(10));
    assert!(a.lock_until(soon).is_some());
    assert!(b.lock_until(soon).is_none(), "held by ourselves");
    drop(held);
}

#[test]
fn a_waiter_that_gave_up_leaves_no_hold() {
    let (a, b) = (mutex(), mutex());
    in_order(&b, &a);
    let held = a.lock();
    thread::scope(|scope| {
        scope.spawn(|| assert!(a.lock_until(Deadline::after(Duration::from_millis(5))).is_none()));
        // It would hold `a` here, if the one that gave up had entered it.
        scope.spawn(|| drop(b.lock()));
    });
    drop(held);
}

#[test]
fn readers_do_not_keep_each_other_out() {
    let lock = || Checked::new(RwLock::new(0));
    let (a, b) = (lock(), lock());
    drop((a.read(), b.read()));
    drop((b.read(), a.read()));
    drop((a.read(), a.read()));
    // A way on which only one of the two locks is written.
    drop((b.read(), a.lock()));
    report(|| drop((a.lock(), b.lock()))).expect("each keeps the other out");
}

#[test]
fn readers_of_a_file() {
    let dir = Dir::new();
    let lock = Checked::new(dir.file("lock"));
    let (one, two) = (lock.read().unwrap(), lock.read().unwrap());
    drop((one, two));
}

#[test]
fn more_permits_than_two_can_use_up() {
    let (three, a) = (Checked::new(Semaphore::new(3)).permits(3), mutex());
    drop((three.acquire(1).unwrap(), a.lock()));
    drop((a.lock(), three.acquire(2).unwrap()));
    drop((three.acquire(1).unwrap(), three.acquire(2).unwrap()));
    drop((three.lock().unwrap(), three.lock().unwrap()));
    report(|| drop((a.lock(), three.acquire(3).unwrap()))).expect("one permit keeps that out");
}

#[test]
fn permits_of_which_nobody_said_how_many() {
    let (some, a) = (Checked::new(Semaphore::new(2)), mutex());
    drop((some.acquire(1).unwrap(), a.lock()));
    drop((a.lock(), some.acquire(1).unwrap()));
    drop((some.acquire(1).unwrap(), some.acquire(1).unwrap()));
}

#[test]
fn one_lock_of_a_class_and_another() {
    let account = || mutex().class("account without an order");
    let (a, b) = (account(), account());
    in_order(&a, &b);
    in_order(&b, &a);
    report(|| in_order(&a, &a)).expect("a lock held twice");
}

#[test]
fn locks_that_are_gone() {
    for _ in 0..100 {
        // Most likely at the same addresses each time.
        let (a, b) = (Box::new(mutex()), Box::new(mutex()));
        in_order(&*a, &*b);
        drop(a);
        let a = Box::new(mutex());
        in_order(&*b, &*a);
    }
}

#[test]
fn a_guard_that_was_detached_and_sent() {
    let (a, b) = (mutex(), Checked::new(Semaphore::new(1)));
    in_order(&a, &b);
    let mut sent = b.lock().unwrap();
    CheckedGuard::detach(&mut sent);
    thread::scope(|scope| {
        let (goes, comes) = mpsc::channel::<()>();
        let receiver = scope.spawn(move || {
            comes.recv().unwrap();
            drop(sent);
        });
        // Neither the other way round nor once more: the worker gives it back.
        drop(a.lock());
        goes.send(()).unwrap();
        drop(b.lock().unwrap());
        receiver.join().unwrap();
    });
}

#[test]
fn a_guard_that_turned_out_to_be_sent() {
    let (a, b) = (mutex(), Checked::new(Semaphore::new(1)));
    let held = b.lock().unwrap();
    // Learnt while `held` was in our hands, as it seemed.
    drop(a.lock());
    thread::scope(|scope| drop(scope.spawn(move || drop(held))));
    // It was not, so this is the first order that is seen.
    in_order(&a, &b);
    // And the next guards are nobody's: they may be sent as well.
    let held = b.lock().unwrap();
    drop(a.lock());
    drop(held);
}

#[test]
fn guards_that_are_always_sent() {
    let (a, b) = (mutex(), Checked::new(Semaphore::new(1)).guards_are_sent());
    in_order(&a, &b);
    thread::scope(|scope| {
        for _ in 0..3 {
            // Waits for the worker of the round before.
            let permit = b.lock().unwrap();
            scope.spawn(move || drop(permit));
            drop(a.lock());
        }
    });
}

#[test]
fn tasks_that_nobody_told_apart() {
    let (a, b) = (Checked::new(Semaphore::new(1)), Checked::new(Semaphore::new(1)));
    let one = async |first: &Checked<Semaphore>, second: &Checked<Semaphore>| {
        let first = first.lock_async().await.unwrap();
        drop((second.lock_async().await.unwrap(), first));
    };
    block_on(one(&a, &b));
    block_on(one(&b, &a));
    let mut context = Context::from_waker(Waker::noop());
    let mut holds = pin!(async {
        let held = a.lock_async().await.unwrap();
        std::future::pending::<()>().await;
        drop(held);
    });
    assert!(holds.as_mut().poll(&mut context).is_pending());
    // Polled by the same thread, which does not hold what its first task does.
    let mut asks = pin!(a.lock_async());
    assert!(asks.as_mut().poll(&mut context).is_pending());
}

#[test]
fn two_tasks_of_one_thread() {
    let (a, b) = (Checked::new(Semaphore::new(1)), Checked::new(Semaphore::new(1)));
    in_order(&b, &a);
    let mut context = Context::from_waker(Waker::noop());
    let mut holds = Box::pin(task(async {
        let held = a.lock_async().await.unwrap();
        std::future::pending::<()>().await;
        drop(held);
    }));
    assert!(holds.as_mut().poll(&mut context).is_pending());
    // Another task asks for `b` while the first holds `a`.
    block_on(task(async { drop(b.acquire_async(1).await.unwrap()) }));
    let mut asks = Box::pin(task(async { drop(a.lock_async().await.unwrap()) }));
    assert!(asks.as_mut().poll(&mut context).is_pending());
    // A task that is cancelled gives back what it held, and was not the one that sent it.
    drop(holds);
    assert!(matches!(asks.as_mut().poll(&mut context), Poll::Ready(())));
    let wrong = async {
        let held = a.lock_async().await.unwrap();
        drop((b.lock_async().await.unwrap(), held));
    };
    report(|| block_on(task(wrong))).expect("a cycle: nobody's guard was sent");
}

#[test]
fn a_request_that_is_dropped_is_not_held() {
    let (a, b) = (Checked::new(Semaphore::new(1)), mutex());
    in_order(&b, &a);
    let held = a.lock().unwrap();
    block_on(task(async {
        let mut context = Context::from_waker(Waker::noop());
        let mut asks = Box::pin(a.lock_async());
        assert!(asks.as_mut().poll(&mut context).is_pending());
        drop(asks);
    }));
    drop(held);
    block_on(task(async { drop(b.lock()) }));
}

#[test]
fn a_lease_that_was_released_is_not_held() {
    let dir = Dir::new();
    let (lease, a) = (Checked::new(dir.lease("job")), mutex());
    in_order(&a, &lease);
    let held = lease.lock().unwrap();
    let _ = held.release().unwrap();
    drop(a.lock());
    // Nor is a guard that was taken out of its wrapper.
    let bare = CheckedGuard::into_inner(lease.lock().unwrap());
    drop(a.lock());
    drop(bare);
}

#[test]
fn a_panic_leaves_nothing_in_hand() {
    let (a, b) = (mutex(), mutex());
    in_order(&a, &b);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _held = b.lock();
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
    drop(a.lock());
}
