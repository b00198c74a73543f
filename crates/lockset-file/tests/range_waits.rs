//! Waiting for ranges of bytes that other processes hold: until a deadline, as a task, and giving
//! up.
//!
//! It counts the threads of its process, so it is alone in its program.
#![cfg(target_os = "linux")]

mod support;

use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{AsyncLock, Deadline, Lock, block_on};
use lockset_file::{Mode, RangeGuard, RangeLock};
use support::{Peer, helpers, lock_file, until};

#[test]
fn peer() {
    support::serve();
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_micros(200))
}

fn late() -> Deadline {
    Deadline::after(Duration::from_secs(3600))
}

#[test]
fn ranges_are_waited_for_and_given_up() {
    let (_dir, path) = lock_file();
    a_waiter_that_gives_up_leaves_no_lock(&path);
    all_kinds_of_waiters_are_served(&path);
    one_range_does_not_wait_for_another(&path);
    ten_thousand_who_gave_up_leave_one_helper_and_then_none(&path);
    the_killed_holders_range_is_free(&path);
}

fn a_waiter_that_gives_up_leaves_no_lock(path: &Path) {
    let mut peer = Peer::start(path, "");
    let file = RangeLock::open(path).expect("opens");
    assert_eq!(peer.ask("lock_range 0 10"), "held");
    for mode in [Mode::Exclusive, Mode::Shared] {
        assert!(file.lock_until(5..15, mode, soon()).expect("asks").is_none());
        assert!(block_on(file.lock_until_async(5..15, mode, soon())).expect("asks").is_none());
    }
    let mut context = Context::from_waker(Waker::noop());
    let polled = pin!(file.lock_async(9..20, Mode::Exclusive)).as_mut().poll(&mut context);
    assert!(polled.is_pending());
    assert!(helpers() <= 3, "a helper for each range, and not more: {}", helpers());
    assert_eq!(peer.ask("release"), "released");
    until("the helpers end", || helpers() == 0);
    assert_eq!(peer.ask("try_range 0 100"), "held");
    assert!(file.try_lock(50.., Mode::Shared).expect("asks").is_none());
}

/// Whether it was granted; it is given back at once.
fn is_served(guard: Option<RangeGuard>) -> bool {
    guard.is_some()
}

fn all_kinds_of_waiters_are_served(path: &Path) {
    let mut peer = Peer::start(path, "");
    let file = RangeLock::open(path).expect("opens");
    assert_eq!(peer.ask("lock_range 0 10"), "held");
    thread::scope(|scope| {
        let kinds = [
            scope.spawn(|| file.lock(0..4, Mode::Exclusive).map(Some).map(is_served)),
            scope.spawn(|| file.lock_until(0..4, Mode::Exclusive, late()).map(is_served)),
            scope.spawn(|| {
                block_on(file.lock_async(0..4, Mode::Exclusive)).map(Some).map(is_served)
            }),
            scope.spawn(|| {
                block_on(file.lock_until_async(0..4, Mode::Shared, late())).map(is_served)
            }),
            scope.spawn(|| block_on(file.lock_async(2..8, Mode::Shared)).map(Some).map(is_served)),
        ];
        until("somebody waits", || helpers() > 0);
        assert_eq!(peer.ask("release"), "released");
        for kind in kinds {
            assert!(kind.join().expect("no panic").expect("locks"), "not within an hour");
        }
    });
    until("the helpers end", || helpers() == 0);
    assert!(file.try_lock(.., Mode::Exclusive).expect("asks").is_some());
}

/// Also while a helper is in the kernel for one that was given up.
fn one_range_does_not_wait_for_another(path: &Path) {
    let (mut one, mut other) = (Peer::start(path, ""), Peer::start(path, ""));
    let file = RangeLock::open(path).expect("opens");
    assert_eq!(one.ask("lock_range 0 10"), "held");
    assert_eq!(other.ask("lock_range 10 20"), "held");
    assert!(file.lock_until(0..10, Mode::Exclusive, soon()).expect("asks").is_none());
    let mut context = Context::from_waker(Waker::noop());
    let mut second = Box::pin(file.lock_async(10..20, Mode::Exclusive));
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert_eq!(other.ask("release"), "released");
    drop(block_on(second).expect("locks"));
    assert_eq!(one.ask("release"), "released");
    until("the helpers end", || helpers() == 0);
}

fn ten_thousand_who_gave_up_leave_one_helper_and_then_none(path: &Path) {
    let mut peer = Peer::start(path, "");
    let page = RangeLock::open(path).expect("opens").range(..4096).expect("a range");
    assert_eq!(peer.ask("lock_range 0 1"), "held");
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        assert!(pin!(page.lock_async()).as_mut().poll(&mut context).is_pending());
    }
    for _ in 0..100 {
        assert!(page.lock_until(soon()).expect("asks").is_none());
    }
    assert!(helpers() <= 1, "{} helpers", helpers());
    assert_eq!(peer.ask("release"), "released");
    until("the helper ends", || helpers() == 0);
    assert_eq!(peer.ask("try_range 0 1"), "held");
    assert_eq!(peer.ask("release"), "released");
    assert!(page.try_lock().expect("asks").is_some());
}

fn the_killed_holders_range_is_free(path: &Path) {
    let mut peer = Peer::start(path, "");
    let file = RangeLock::open(path).expect("opens");
    assert_eq!(peer.ask("lock_range 0 10"), "held");
    let mut context = Context::from_waker(Waker::noop());
    let mut task = Box::pin(file.lock_async(.., Mode::Exclusive));
    assert!(task.as_mut().poll(&mut context).is_pending());
    peer.kill();
    drop(block_on(task).expect("locks"));
    until("the helper ends", || helpers() == 0);
}
