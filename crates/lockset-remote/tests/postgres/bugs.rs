//! Bugs that locks of PostgreSQL have shipped, each by what it does to its users.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{AsyncLock as _, Deadline, Lease as _, Lock, Released};
use testbed::eventually;

use super::{LONG, SOON, granted_and_awaited, job, locks, runtime, server};

/// What waits for a loss was answered at once, since nobody was there to tell it.
#[test]
fn a_loss_that_is_told_before_there_is_one() {
    let server = server();
    let lease = job(&server.url(), LONG).lock().unwrap();
    assert_eq!(lease.lost().wait(Deadline::after(Duration::from_millis(200))), None);
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// The connection went back to its pool with the lock still taken in it.
#[test]
fn a_drop_that_leaves_the_lock_with_a_pooled_connection() {
    let server = server();
    let lock = job(&server.url(), LONG);
    drop(lock.lock().unwrap());
    runtime().block_on(async { drop(lock.lock_async().await.unwrap()) });
    eventually("nothing is locked", || granted_and_awaited(&server) == (0, 0));
    let other = job(&server.url(), LONG);
    assert!(other.lock_until(Deadline::after(SOON)).unwrap().is_some());
}

/// A waiter that had been cancelled was granted the lock later, on its pooled connection.
#[test]
fn a_cancelled_waiter_that_gets_the_lock_and_keeps_it() {
    let server = server();
    let lock = job(&server.url(), LONG);
    let held = lock.lock().unwrap();
    let waiting = job(&server.url(), LONG);
    for _ in 0..5 {
        let given_up = waiting.acquire(Deadline::after(Duration::from_millis(20)));
        assert!(lockset_api::block_on(given_up).unwrap().is_none());
    }
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert!(lock.lock_until(Deadline::after(SOON)).unwrap().is_some());
}

/// Cancelled at any moment of the exchange, also right when it is granted.
#[test]
fn an_orphan_of_a_cancel_in_flight() {
    let server = server();
    thread::scope(|scope| {
        for part in 0..4 {
            let locks = locks(&server.url());
            scope.spawn(move || {
                for i in 0..50_u32 {
                    let lock = locks.lock(&format!("{part}-{}", i % 5)).unwrap();
                    let mut attempt = pin!(lock.lock_async());
                    let _ = attempt.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    for _ in 0..i * 100 {
                        thread::yield_now();
                    }
                }
            });
        }
    });
    eventually("nothing is locked", || granted_and_awaited(&server) == (0, 0));
}

/// The limit of a wait passed when the lock had just been won: an error, and it stayed taken.
#[test]
fn a_timeout_after_the_lock_was_won() {
    let server = server();
    let (one, other) = (job(&server.url(), LONG), job(&server.url(), LONG));
    for i in 0..40_u64 {
        let held = one.lock().unwrap();
        // Its patience ends about when the lock is released.
        let patience = Duration::from_millis(20);
        let waiting = other.acquire(Deadline::after(patience));
        let release = Duration::from_micros(19_000 + i * 50);
        assert_eq!(held.lost().wait(Deadline::after(release)), None);
        assert_eq!(held.release().unwrap(), Released::InTime);
        drop(lockset_api::block_on(waiting).unwrap());
    }
    eventually("nothing is locked", || granted_and_awaited(&server) == (0, 0));
}
