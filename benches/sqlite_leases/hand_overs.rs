//! From the release in one process to the lock in another, which waits for it: beside what people
//! would otherwise wait by in SQLite, its own busy handler, and beside the kernel's `flock`, than
//! which nothing between processes is faster.
//!
//! A waiter sleeps before the release, for as long as another holds what it waits for: some
//! milliseconds, never the same. The busy handler waits for the whole database, whatever else was
//! to be locked in it, and for ever if the holder hangs; and its release writes nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use lockset::remote::sqlite::Sqlite;
use lockset::{Lease, Lock, Locks, Released};
use rusqlite::Connection;
use rustix::fs::{FlockOperation, flock};
use rustix::time::{ClockId, clock_gettime};

/// The role of a process that waits; the kind and the path follow.
pub(crate) const WAITER: &str = "--waiter";

const LOCKSET: &str = "**Lockset**";
const FLOCK: &str = "bare `flock`, which keeps no lease";
const KINDS: [&str; 3] = ["SQLite's busy handler", LOCKSET, FLOCK];

/// How many locks are taken before any is measured: as for pairs.
const BEFORE: u32 = 1000;

pub(crate) fn report(rounds: usize) {
    // In the target directory: where a temporary one is kept in memory, a sync costs nothing.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let mut nth = 0;
    let mut entries = KINDS.map(|kind| {
        nth += 1;
        (kind, Waiter::start(kind, &dir.path().join(nth.to_string())))
    });
    let title = "Handed over between processes: from the release to the waiter that has it";
    crate::table(title, rounds, &mut entries, |waiter, round| {
        // Longer than the busy handler's first pauses; spread evenly, by the golden section.
        let pause = Duration::from_micros(20_000 + round as u64 * 6_180_339 % 60_000);
        waiter.sample(pause)
    });
}

/// One lock of one kind.
enum Contended {
    Transaction(Connection),
    Lease(Box<lockset::RemoteLock>),
    File(File),
}

impl Contended {
    fn open(kind: &str, path: &Path) -> Self {
        match kind {
            LOCKSET => {
                let store = Sqlite::open(path).expect("a database");
                Self::Lease(Box::new(Locks::new(store).lock("bench").expect("a good name")))
            }
            FLOCK => Self::File(
                File::options()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(path)
                    .expect("a file"),
            ),
            _ => {
                let connection = Connection::open(path).expect("a database");
                connection.busy_timeout(Duration::from_secs(60)).expect("a timeout");
                connection.pragma_update(None, "journal_mode", "WAL").expect("a journal");
                Self::Transaction(connection)
            }
        }
    }

    /// Locks, does `inside`, and unlocks; says when it began to unlock, in nanoseconds.
    fn hold(&self, inside: impl FnOnce()) -> i64 {
        match self {
            Self::Transaction(connection) => {
                connection.execute_batch("BEGIN IMMEDIATE").expect("the database is free");
                inside();
                let released = now();
                connection.execute_batch("COMMIT").expect("it commits");
                released
            }
            Self::Lease(lock) => {
                let lease = lock.lock().expect("the database can be written");
                inside();
                let released = now();
                let outcome = lease.release().expect("the database can be written");
                assert_eq!(outcome, Released::InTime);
                released
            }
            Self::File(file) => {
                flock(file, FlockOperation::LockExclusive).expect("locks");
                inside();
                let released = now();
                flock(file, FlockOperation::Unlock).expect("unlocks");
                released
            }
        }
    }
}

fn now() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// What the other process does: at each line it waits for the lock, and says when it got it.
pub(crate) fn wait(kind: &str, path: &Path) {
    let lock = Contended::open(kind, path);
    println!("ready");
    for line in io::stdin().lines() {
        line.expect("the other process writes");
        let mut at = 0;
        lock.hold(|| at = now());
        println!("{at}");
    }
}

/// The other process, and the lock as it is held here.
struct Waiter {
    lock: Contended,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Waiter {
    fn start(kind: &str, path: &Path) -> Self {
        let lock = Contended::open(kind, path);
        for _ in 0..BEFORE {
            lock.hold(|| {});
        }
        let mut own = Command::new(std::env::current_exe().expect("a program"));
        own.args([WAITER, kind]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = own.spawn().expect("it starts");
        let orders = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut waiter = Self { lock, child, orders, answers };
        assert_eq!(waiter.answer(), "ready");
        waiter
    }

    /// One hand-over, in seconds.
    fn sample(&mut self, pause: Duration) -> f64 {
        let orders = &mut self.orders;
        let released = self.lock.hold(|| {
            writeln!(orders).expect("the waiter reads");
            thread::sleep(pause);
        });
        let at: i64 = self.answer().parse().expect("a time");
        assert!(at > released, "it was acquired before it was released");
        (at - released) as f64 / 1e9
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the waiter writes");
        line.trim().to_owned()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
