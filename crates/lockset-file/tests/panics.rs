//! Wakers that panic, and such as are kept for too long: what somebody else's code does keeps
//! nobody waiting.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Lock, SharedLock};
use lockset_conformance::{Check, PATIENCE, run};
use lockset_file::{FileGuard, FileLock};
use support::{Peer, lock_file, until, waiting};

#[test]
fn peer() {
    support::serve();
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

/// Counts how often it was woken.
#[derive(Default)]
struct Counts {
    woken: AtomicU32,
}

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        // Relaxed: a count, read by who has seen to it that the waking is over.
        self.woken.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll<T>(
    future: Pin<&mut impl Future<Output = T>>,
    waker: Arc<impl Wake + Send + Sync + 'static>,
) {
    let waker = Waker::from(waker);
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending(), "granted too early");
}

/// And leaves no poison: what a file guards, other processes change as well.
#[test]
fn a_holder_that_panics_lets_go() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let panics = |_guard: FileGuard| panic!("inside");
    for _ in 0..2 {
        let writer = lock.try_lock().expect("asks").expect("nobody has it");
        assert!(catch_unwind(AssertUnwindSafe(|| panics(writer))).is_err());
        let reader = lock.try_read().expect("asks").expect("nobody has it");
        assert!(catch_unwind(AssertUnwindSafe(|| panics(reader))).is_err());
    }
    assert!(format!("{lock:?}").contains("held: Free, waiting: 0"), "{lock:?}");
}

#[test]
fn those_who_are_served_with_one_whose_waker_panics_are_woken() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let guard = lock.lock().expect("locks");
    let mut tasks = [(); 3].map(|()| Box::pin(lock.read_async()));
    let counts = Arc::new(Counts::default());
    // Two of them: a panic while another one unwinds would end the process.
    poll(tasks[0].as_mut(), Arc::new(Panics));
    poll(tasks[1].as_mut(), Arc::new(Panics));
    poll(tasks[2].as_mut(), Arc::clone(&counts));
    // The panic comes out where the lock is released, by which all are served.
    assert!(catch_unwind(AssertUnwindSafe(|| drop(guard))).is_err(), "no waker was called");
    // Relaxed: all of it happens on this thread.
    assert_eq!(counts.woken.load(Ordering::Relaxed), 1, "forgotten");
    drop(tasks);
    assert!(lock.try_lock().expect("asks").is_some());
}

/// The helper calls wakers, too. It has to outlive them, for whoever waits after that.
#[test]
fn a_waker_that_panics_does_not_end_the_helper() {
    let check = Check::new("a_waker_that_panics_does_not_end_the_helper", |()| {
        let (_dir, path) = lock_file();
        let lock = FileLock::open(&path).expect("opens");
        let mut peer = Peer::start(&path, "");
        assert_eq!(peer.ask("lock"), "held");
        let mut task = Box::pin(lock.lock_async());
        poll(task.as_mut(), Arc::new(Panics));
        assert_eq!(peer.ask("release"), "released");
        // Not polled before, for another waker would take the place of this one.
        until("the helper has it for the task", || format!("{lock:?}").contains("held: Writer"));
        drop(lockset_api::block_on(task).expect("locks"));
        // And the next one needs the helper again.
        assert_eq!(peer.ask("lock"), "held");
        let late = Deadline::after(Duration::from_secs(3600));
        thread::scope(|scope| {
            let waiter = scope.spawn(|| lock.lock_until(late).expect("asks").is_some());
            until("it waits", || waiting(&lock) == 1);
            assert_eq!(peer.ask("release"), "released");
            assert!(waiter.join().expect("no error"));
        });
        Ok(())
    });
    // Without a helper it would hang.
    run(check, (), PATIENCE).expect("it ends in time");
}

/// Nor the thread that wakes tasks when their time is over.
#[test]
fn a_waker_that_panics_does_not_end_the_timer() {
    let check = Check::new("a_waker_that_panics_does_not_end_the_timer", |()| {
        let (_dir, path) = lock_file();
        let lock = FileLock::open(&path).expect("opens");
        let _guard = lock.lock().expect("locks");
        let within = |time| lock.lock_until_async(Deadline::after(Duration::from_millis(time)));
        let mut first = Box::pin(within(500));
        poll(first.as_mut(), Arc::new(Panics));
        assert!(lockset_api::block_on(within(600)).expect("asks").is_none());
        drop(first);
        Ok(())
    });
    // Without the thread it would hang.
    run(check, (), PATIENCE).expect("it ends in time");
}

/// The helper sleeps in the kernel on behalf of one who has gone, perhaps for hours. It does not
/// keep what was that one's.
#[test]
fn the_waker_of_one_who_gives_up_is_dropped_at_once() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut peer = Peer::start(&path, "");
    assert_eq!(peer.ask("lock"), "held");
    let counts = Arc::new(Counts::default());
    {
        let mut task = pin!(lock.lock_async());
        poll(task.as_mut(), Arc::clone(&counts));
        until("the helper is in the kernel", || support::asks_the_kernel(&path));
    }
    assert_eq!(Arc::strong_count(&counts), 1, "its waker is still there");
    assert_eq!(peer.ask("release"), "released");
}
