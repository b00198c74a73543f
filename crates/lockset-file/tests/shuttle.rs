//! The shipped file lock with many waiters, threads and tasks, beside other processes, on randomly
//! drawn schedules.
//!
//! Run by `cargo xtask test`. By hand:
//! `RUSTFLAGS="--cfg lockset_shuttle" cargo test --release -p lockset-file --test shuttle`.
//!
//! Loom sees more, but no more than a few threads. This sees ten and more, on some of their
//! schedules: half of them drawn evenly, half by PCT, which prefers the rare ones. It knows nothing
//! of orderings.
//!
//! A failure prints its schedule. To see it again, and nothing else, set `LOCKSET_SCHEDULE` to it
//! and run that one test.

#![cfg(lockset_shuttle)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Lock, SharedLock};
use lockset_file::sync::{Outsider, expire_deadlines, join_helpers};
use lockset_file::{FileLock, Mode, Options, Upgrade};
use lockset_sync::explore;
use shuttle::future::block_on;
use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use shuttle::thread::{self, JoinHandle};
use tempfile::TempDir;

/// How many schedules of each kind a model is run on.
const SCHEDULES: usize = 5_000;

/// A lock, and how many have it in each mode, which shuttle watches: each holder touches it, so
/// that there is a place where others can come in.
struct Room {
    lock: FileLock,
    readers: AtomicUsize,
    writers: AtomicUsize,
}

/// A directory for lock files, one a test.
static DIR: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a directory"));

impl Room {
    fn new(name: &str, hand_overs: u32) -> Arc<Self> {
        let path: PathBuf = Path::new(DIR.path()).join(name);
        let lock = Options::new().hand_overs(hand_overs).open(path).expect("opens");
        // Used before it is shared, as the model's statics ask for.
        drop(lock.try_lock().expect("asks").expect("it is new"));
        Arc::new(Self { lock, readers: AtomicUsize::new(0), writers: AtomicUsize::new(0) })
    }

    fn write(&self) {
        // SeqCst: shuttle knows no other.
        assert_eq!(self.writers.fetch_add(1, SeqCst), 0, "two writers");
        assert_eq!(self.readers.load(SeqCst), 0, "a reader beside a writer");
        self.writers.fetch_sub(1, SeqCst);
    }

    fn read(&self) {
        self.readers.fetch_add(1, SeqCst); // SeqCst: as above.
        assert_eq!(self.writers.load(SeqCst), 0, "a writer beside a reader");
        self.readers.fetch_sub(1, SeqCst);
    }

    fn start(self: &Arc<Self>, work: impl Fn(&Self) + Send + 'static) -> JoinHandle<()> {
        let room = Arc::clone(self);
        thread::spawn(move || work(&room))
    }

    /// One of each kind that waits for as long as it takes.
    fn patient(self: &Arc<Self>) -> [JoinHandle<()>; 4] {
        [
            self.start(|room| {
                let _guard = room.lock.lock().expect("locks");
                room.write();
            }),
            self.start(|room| {
                let _guard = block_on(room.lock.lock_async()).expect("locks");
                room.write();
            }),
            self.start(|room| {
                let _guard = room.lock.read().expect("locks");
                room.read();
            }),
            self.start(|room| {
                let _guard = block_on(room.lock.read_async()).expect("locks");
                room.read();
            }),
        ]
    }

    /// One of each kind that may give up.
    fn impatient(self: &Arc<Self>) -> [JoinHandle<()>; 4] {
        let late = || Deadline::after(Duration::from_secs(1));
        [
            self.start(move |room| {
                if let Some(_guard) = room.lock.lock_until(late()).expect("locks") {
                    room.write();
                }
            }),
            self.start(move |room| {
                if let Some(_guard) = room.lock.read_until(late()).expect("locks") {
                    room.read();
                }
            }),
            self.start(|room| {
                if let Poll::Ready(guard) = poll_twice(room.lock.lock_async()) {
                    let _guard = guard.expect("locks");
                    room.write();
                }
            }),
            self.start(|room| {
                if let Poll::Ready(guard) = poll_twice(room.lock.read_async()) {
                    let _guard = guard.expect("locks");
                    room.read();
                }
            }),
        ]
    }

    /// Two other processes, a writer and a reader.
    fn processes(self: &Arc<Self>) -> [JoinHandle<()>; 2] {
        [
            self.start(|room| {
                let _process = Outsider::lock(Mode::Exclusive);
                room.write();
            }),
            self.start(|room| {
                let _process = Outsider::lock(Mode::Shared);
                room.read();
            }),
        ]
    }

    fn require_idle(&self, threads: impl IntoIterator<Item = JoinHandle<()>>) {
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        join_helpers();
        let shown = format!("{:?}", self.lock);
        assert!(shown.contains("held: Free, waiting: 0"), "{shown}");
        assert!(Outsider::try_lock(Mode::Exclusive).is_some(), "another process is kept out");
    }
}

/// A task that is polled twice, by two wakers, and dropped.
fn poll_twice<T>(future: impl Future<Output = T>) -> Poll<T> {
    let mut future = Box::pin(future);
    let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    if polled.is_ready() {
        return polled;
    }
    thread::yield_now();
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn threads_tasks_and_processes_exclude_each_other() {
    explore(SCHEDULES, || {
        let room = Room::new("exclude", 4096);
        let workers = [room.patient(), room.patient()].into_iter().flatten();
        room.require_idle(workers.chain(room.processes()).collect::<Vec<_>>());
    });
}

#[test]
fn each_asks_the_kernel() {
    explore(SCHEDULES, || {
        let room = Room::new("strict", 0);
        let workers = [room.patient(), room.patient()].into_iter().flatten();
        room.require_idle(workers.chain(room.processes()).collect::<Vec<_>>());
    });
}

#[test]
fn those_who_give_up_leave_no_trace() {
    explore(SCHEDULES, || {
        let room = Room::new("give-up", 1);
        let clock = [thread::spawn(expire_deadlines)];
        let workers = room.patient().into_iter().chain(room.impatient()).chain(clock);
        room.require_idle(workers.chain(room.processes()).collect::<Vec<_>>());
    });
}

/// All who wait for another process give up, and it stays for a while.
#[test]
fn abandoned_by_all_the_helper_ends() {
    explore(SCHEDULES, || {
        let room = Room::new("abandoned", 1);
        let process = Outsider::lock(Mode::Exclusive);
        let workers = [room.impatient(), room.impatient()].into_iter().flatten();
        let workers: Vec<_> = workers.chain([thread::spawn(expire_deadlines)]).collect();
        drop(process);
        room.require_idle(workers);
    });
}

#[test]
fn modes_change_beside_everybody() {
    explore(SCHEDULES, || {
        let room = Room::new("modes", 1);
        let change = |room: &Room| {
            let reader = room.lock.read().expect("locks");
            match reader.try_upgrade().expect("asks") {
                Upgrade::Upgraded(writer) => {
                    room.write();
                    if let Some(_reader) = writer.downgrade().expect("asks") {
                        room.read();
                    }
                }
                Upgrade::Shared(_reader) => room.read(),
                _ => {}
            }
        };
        let workers = [room.start(change), room.start(change)].into_iter().chain(room.patient());
        room.require_idle(workers.chain(room.processes()).collect::<Vec<_>>());
    });
}
