//! All ways to wait at once, in several processes, with waiters that give up at any moment: nobody
//! is forgotten, nothing is left over, and no two are inside.
//!
//! It counts the threads of its process, so it is alone in its program.

mod support;

use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Lock, SharedLock, block_on};
use lockset_file::{FileLock, Options, Upgrade};
use support::{Peer, helpers, lock_file, sections, until, waiting};

const TIMES: usize = 400;

#[test]
fn peer() {
    support::serve();
}

/// How many sections were shared and how many exclusive at some moment.
#[derive(Default)]
struct Inside {
    readers: AtomicUsize,
    writers: AtomicUsize,
}

impl Inside {
    /// Within this process. The marker of [`sections`] is for all of them.
    fn read(&self) {
        // Relaxed: what others have added before they were let in is ordered by the lock.
        self.readers.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.writers.load(Ordering::Relaxed), 0, "a writer beside a reader");
        thread::yield_now();
        self.readers.fetch_sub(1, Ordering::Relaxed); // Relaxed: as above.
    }

    fn write(&self) {
        // Relaxed: as above.
        assert_eq!(self.writers.fetch_add(1, Ordering::Relaxed), 0, "two writers");
        assert_eq!(self.readers.load(Ordering::Relaxed), 0, "a reader beside a writer");
        thread::yield_now();
        self.writers.fetch_sub(1, Ordering::Relaxed); // Relaxed: as above.
    }
}

#[test]
fn in_a_crowd_of_all_kinds_nobody_is_forgotten() {
    for hand_overs in [0, 3, 4096] {
        let (dir, path) = lock_file();
        let marker = dir.path().join("marker");
        let lock = Options::new().hand_overs(hand_overs).open(&path).expect("opens");
        let mut peers = [Peer::start(&path, "strict"), Peer::start(&path, "")];
        for peer in &mut peers {
            peer.tell(&format!("sections {TIMES} {}", marker.display()));
        }
        crowd(&lock, &marker);
        for peer in &mut peers {
            assert_eq!(peer.answer(), "0", "second holders");
        }
        until("the helper ends", || helpers() == 0);
        assert_eq!(waiting(&lock), 0);
        assert!(lock.try_lock().expect("asks").is_some());
    }
}

fn crowd(lock: &FileLock, marker: &Path) {
    let inside = Inside::default();
    let mut context = Context::from_waker(Waker::noop());
    let many = |work: &dyn Fn(usize)| (0..TIMES).for_each(work);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(sections(lock, TIMES, marker), 0, "second holders"));
        scope.spawn(|| {
            many(&|_| {
                let _guard = lock.lock().expect("locks");
                inside.write();
            });
        });
        scope.spawn(|| {
            many(&|nth| {
                let soon = Deadline::after(Duration::from_micros(nth as u64 % 200));
                if let Some(_guard) = lock.lock_until(soon).expect("asks") {
                    inside.write();
                }
            });
        });
        scope.spawn(|| {
            many(&|_| {
                let _guard = block_on(lock.lock_async()).expect("locks");
                inside.write();
            });
        });
        scope.spawn(|| {
            many(&|_| {
                let _guard = lock.read().expect("locks");
                inside.read();
            });
        });
        scope.spawn(|| {
            many(&|nth| {
                let soon = Deadline::after(Duration::from_micros(nth as u64 % 300));
                if let Some(_guard) = block_on(lock.read_until_async(soon)).expect("asks") {
                    inside.read();
                }
            });
        });
        scope.spawn(|| many(&|_| change(lock, &inside)));
        // Polled once and dropped, whatever has become of them.
        for nth in 0..2 * TIMES {
            if nth % 2 == 0 {
                let _ = pin!(lock.lock_async()).as_mut().poll(&mut context);
            } else {
                let _ = pin!(lock.read_async()).as_mut().poll(&mut context);
            }
        }
    });
}

/// From one mode to the other and back.
fn change(lock: &FileLock, inside: &Inside) {
    let reader = lock.read().expect("locks");
    match reader.try_upgrade().expect("asks") {
        Upgrade::Upgraded(writer) => {
            inside.write();
            if let Some(_reader) = writer.downgrade().expect("asks") {
                inside.read();
            }
        }
        Upgrade::Shared(_reader) => inside.read(),
        _ => {}
    }
}
