//! Waiters that give up, by the thousand: they cost nothing afterwards.
//!
//! It counts the threads of its process, so it is alone in its program, but for a naive one, whose
//! threads have another name.

mod support;

use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Lock};
use lockset_file::FileLock;
use support::{Peer, helpers, lock_file, threads, until, waiting};

#[test]
fn peer() {
    support::serve();
}

#[test]
fn ten_thousand_abandoned_waits_leave_one_helper_and_then_none() {
    const TIMES: usize = 10_000;
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut peer = Peer::start(&path, "");
    assert_eq!(peer.ask("lock"), "held");

    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..TIMES {
        let mut future = pin!(lock.lock_async());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    for _ in 0..TIMES / 10 {
        let soon = Deadline::after(Duration::from_micros(100));
        assert!(lock.lock_until(soon).expect("asks").is_none());
    }
    let mut read = Box::pin(lock.read_async());
    assert!(read.as_mut().poll(&mut context).is_pending());
    drop(read);
    assert!(helpers() <= 1, "{} helpers", helpers());
    assert_eq!(waiting(&lock), 0, "somebody is still in the queue");

    // The helper is the only one to whom the kernel can grant the lock now.
    assert_eq!(peer.ask("release"), "released");
    until("the helper ends", || helpers() == 0);
    assert!(lock.status().expect("the kernel tells").holders.is_empty());
    assert_eq!(peer.ask("try"), "held");
    assert_eq!(peer.ask("release"), "released");
    assert!(lock.try_lock().expect("asks").is_some());

    // And those who wait in earnest after those who gave up are served.
    assert_eq!(peer.ask("read"), "held");
    drop(pin!(lock.lock_async()).as_mut().poll(&mut context));
    let reader = lockset_api::block_on(lock.read_async()).expect("other readers do not matter");
    drop(reader);
    assert_eq!(peer.ask("release"), "released");
    drop(lockset_api::block_on(lock.lock_async()).expect("locks"));
    until("the helper ends", || helpers() == 0);

    // A thread that is the last to wait sends the helper home as well.
    assert_eq!(peer.ask("lock"), "held");
    let mut task = Box::pin(lock.lock_async());
    assert!(task.as_mut().poll(&mut context).is_pending());
    thread::scope(|scope| {
        let thread = scope.spawn(|| drop(lock.lock().expect("locks")));
        until("both wait", || waiting(&lock) == 2);
        assert_eq!(peer.ask("release"), "released");
        drop(lockset_api::block_on(task).expect("locks"));
        thread.join().expect("it is served");
    });
    until("the helper ends", || helpers() == 0);
}

/// What else could be done with a deadline: to wait in a thread, and to leave it.
#[test]
fn naively_abandoned_waits_leave_a_thread_each() {
    const TIMES: usize = 50;
    let (_dir, path) = lock_file();
    let mut peer = Peer::start(&path, "");
    assert_eq!(peer.ask("lock"), "held");
    for _ in 0..TIMES {
        let file = std::fs::File::open(&path).expect("opens");
        let (granted, answer) = mpsc::channel();
        let name = String::from("naive");
        let waiter = thread::Builder::new().name(name).spawn(move || granted.send(file.lock()));
        waiter.expect("one more thread");
        answer.recv_timeout(Duration::from_micros(100)).expect_err("the peer has it");
    }
    // A thread is given its name by itself.
    until("each is a thread", || threads("naive") == TIMES);
    assert_eq!(peer.ask("release"), "released");
    until("they end", || threads("naive") == 0);
}
