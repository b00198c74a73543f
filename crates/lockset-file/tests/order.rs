//! Who is served when, within a process and between processes, and what a change of mode does.

mod support;

use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Lock, SharedLock};
use lockset_file::{FileLock, Mode, Options, Upgrade};
use support::{Peer, lock_file, until, waiting};

#[test]
fn peer() {
    support::serve();
}

#[test]
fn threads_and_tasks_are_served_in_one_order() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let order = Mutex::new(Vec::new());
    let guard = lock.lock().expect("locks");
    thread::scope(|scope| {
        for nth in 0..9 {
            let (lock, order) = (&lock, &order);
            scope.spawn(move || {
                let late = Deadline::after(Duration::from_secs(3600));
                let _guard = match nth % 3 {
                    0 => lock.lock().expect("locks"),
                    1 => lock.lock_until(late).expect("locks").expect("in an hour"),
                    _ => lockset_api::block_on(lock.lock_async()).expect("locks"),
                };
                order.lock().expect("no panic").push(nth);
            });
            until("one more waiter", || waiting(lock) == nth + 1);
        }
        drop(guard);
    });
    assert_eq!(*order.lock().expect("no panic"), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn what_is_granted_to_one_who_gives_up_goes_to_the_next() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut context = Context::from_waker(Waker::noop());
    let guard = lock.lock().expect("locks");
    let mut first = Box::pin(lock.lock_async());
    let mut second = pin!(lock.lock_async());
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    drop(guard);
    assert!(second.as_mut().poll(&mut context).is_pending(), "it is the first's");
    drop(first);
    let Poll::Ready(granted) = second.as_mut().poll(&mut context) else { panic!("it is lost") };
    drop(granted.expect("locks"));
    assert!(lock.try_lock().expect("asks").is_some());
}

#[test]
fn a_share_that_is_granted_to_one_who_gives_up_comes_back() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut context = Context::from_waker(Waker::noop());
    let guard = lock.lock().expect("locks");
    let mut readers: Vec<_> = (0..2).map(|_| Box::pin(lock.read_async())).collect();
    for reader in &mut readers {
        assert!(reader.as_mut().poll(&mut context).is_pending());
    }
    drop(guard);
    // Both are granted their share now, and do not know it.
    assert!(format!("{lock:?}").contains("Readers(2)"), "{lock:?}");
    drop(readers);
    assert!(lock.try_lock().expect("asks").is_some());
}

#[test]
fn readers_do_not_pass_a_writer_of_their_process_and_are_granted_together() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut context = Context::from_waker(Waker::noop());
    let reader = lock.read().expect("locks");
    let mut writer = Box::pin(lock.lock_async());
    assert!(writer.as_mut().poll(&mut context).is_pending());
    assert!(lock.try_read().expect("asks").is_none(), "a reader passed a writer that waits");
    let mut readers: Vec<_> = (0..3).map(|_| Box::pin(lock.read_async())).collect();
    for reader in &mut readers {
        assert!(reader.as_mut().poll(&mut context).is_pending());
    }
    drop(reader);
    // Between the two modes the lock goes through the kernel, so it takes the helper a moment.
    let granted = lockset_api::block_on(writer).expect("locks");
    assert!(readers.iter_mut().all(|reader| reader.as_mut().poll(&mut context).is_pending()));
    drop(granted);
    let granted: Vec<_> = readers.into_iter().map(lockset_api::block_on).collect();
    assert!(granted.iter().all(Result::is_ok), "readers in a row share");
    assert!(lock.try_read().expect("asks").is_some());
    assert!(lock.try_lock().expect("asks").is_none());
}

#[test]
fn readers_behind_a_writer_that_gives_up_are_let_in_at_once() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut context = Context::from_waker(Waker::noop());
    let _held = lock.read().expect("locks");
    let mut writer = Box::pin(lock.lock_async());
    assert!(writer.as_mut().poll(&mut context).is_pending());
    let mut reader = pin!(lock.read_async());
    assert!(reader.as_mut().poll(&mut context).is_pending());
    drop(writer);
    assert!(reader.as_mut().poll(&mut context).is_ready());
}

/// Even if its threads hand the lock over among themselves without end.
#[test]
fn another_process_gets_its_turn() {
    for hand_overs in [0, 4096] {
        let (dir, path) = lock_file();
        let marker = dir.path().join("marker");
        let lock = Options::new().hand_overs(hand_overs).open(&path).expect("opens");
        let mut peer = Peer::start(&path, "");
        let is_over = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // Relaxed: a sign to stop, which hands nothing over.
                    while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                        support::sections(&lock, 10, &marker);
                    }
                });
            }
            peer.tell(&format!("sections 100 {}", marker.display()));
            let second_holders = peer.answer();
            is_over.store(true, std::sync::atomic::Ordering::Relaxed); // Relaxed: as above.
            assert_eq!(second_holders, "0");
        });
    }
}

/// Those who are awake may go before one that was called and sleeps, until the turn is over.
#[test]
fn a_turn_ends_in_time_though_the_first_of_the_line_sleeps() {
    const SPAN: Duration = Duration::from_millis(10);
    let (_dir, path) = lock_file();
    let lock = Options::new().hand_over_for(SPAN).open(&path).expect("opens");
    let mut peer = Peer::start(&path, "");
    let guard = lock.lock().expect("locks");
    let mut sleeper = pin!(lock.lock_async());
    assert!(sleeper.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    peer.tell("lock");
    let is_peer = |pid| pid == peer.id();
    let status = || lock.status().expect("the kernel tells");
    until("the other process waits", || status().waiting.iter().any(|one| is_peer(one.pid)));
    drop(guard);
    let began = Instant::now();
    let guard = lock.try_lock().expect("asks").expect("it lies ready for who is awake");
    while began.elapsed() < SPAN {
        std::hint::spin_loop();
    }
    drop(guard);
    until("it is the other's turn", || status().holders.iter().any(|one| is_peer(one.pid)));
    assert_eq!(peer.answer(), "held");
    assert_eq!(peer.ask("release"), "released");
}

#[test]
fn an_upgrade_says_what_has_become_of_the_lock() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut peer = Peer::start(&path, "");

    assert_eq!(peer.ask("read"), "held");
    let reader = lock.read().expect("locks");
    let outcome = reader.try_upgrade().expect("asks");
    assert!(matches!(outcome, Upgrade::Lost), "{outcome:?}");
    // Truly: a writer that were kept out by our share would show it.
    assert_eq!(peer.ask("release"), "released");
    assert_eq!(peer.ask("try"), "held");
    assert_eq!(peer.ask("release"), "released");

    let reader = lock.read().expect("locks");
    let Upgrade::Upgraded(writer) = reader.try_upgrade().expect("asks") else { panic!("free") };
    assert_eq!(peer.ask("try_read"), "busy");
    let reader = writer.downgrade().expect("asks").expect("nobody waits for it");
    assert_eq!((reader.mode(), peer.ask("try_read").as_str()), (Mode::Shared, "held"));
    drop(reader);
    assert_eq!(peer.ask("release"), "released");
    assert!(lock.try_lock().expect("asks").is_some());
}

#[test]
fn a_downgrade_lets_readers_of_this_process_in() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut context = Context::from_waker(Waker::noop());
    let writer = lock.lock().expect("locks");
    let mut reader = pin!(lock.read_async());
    assert!(reader.as_mut().poll(&mut context).is_pending());
    let shared = writer.downgrade().expect("asks").expect("nobody else waits for it");
    assert!(reader.as_mut().poll(&mut context).is_ready());
    drop(shared);
}
