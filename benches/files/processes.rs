//! From the release in one process to the lock in another, which waits for it.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use lockset::{AsyncLock, Deadline, FileLock, Lock, block_on};
use lockset_compare::files::open;
use rustix::fs::{FlockOperation, flock};
use rustix::time::{ClockId, clock_gettime};

use crate::table::{Entry, table};

/// The role of a process that waits; the kind and the path follow.
pub(crate) const WAITER: &str = "--waiter";

const KINDS: [&str; 8] = [
    "bare flock",
    "lockset",
    "lockset, timed",
    "lockset, async",
    "std",
    "fs4",
    "poll 1 ms",
    "Python filelock",
];

pub(crate) fn report() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for kind in KINDS {
        let path = dir.path().join(kind);
        let waiter = RefCell::new(Waiter::start(kind, &path));
        entries.push((kind, Box::new(move || waiter.borrow_mut().sample())));
    }
    table("From release to acquired, between processes: time", 101, 0, &mut entries);
}

fn now() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// What the process does: at each line it waits for the lock, says when it got it, and lets go.
pub(crate) fn wait(kind: &str, path: &Path) {
    let file = open(path);
    let lock = FileLock::open(path).expect("opens");
    let hour = || Deadline::after(Duration::from_secs(3600));
    for line in io::stdin().lines() {
        line.expect("the other process writes");
        let at = match kind {
            "lockset" => acquired(lock.lock().expect("locks")),
            "lockset, timed" => acquired(lock.lock_until(hour()).expect("locks").expect("soon")),
            "lockset, async" => acquired(block_on(lock.lock_async()).expect("locks")),
            "std" => unlocking(&file, |file| file.lock().expect("locks")),
            "fs4" => unlocking(&file, |file| fs4::FileExt::lock(file).expect("locks")),
            "poll 1 ms" => unlocking(&file, |file| {
                while file.try_lock().is_err() {
                    thread::sleep(Duration::from_millis(1));
                }
            }),
            _ => unlocking(&file, |file| {
                flock(file, FlockOperation::LockExclusive).expect("locks");
            }),
        };
        println!("{at}");
    }
}

fn acquired<G>(guard: G) -> i64 {
    let at = now();
    drop(guard);
    at
}

fn unlocking(file: &File, lock: impl FnOnce(&File)) -> i64 {
    lock(file);
    let at = now();
    flock(file, FlockOperation::Unlock).expect("unlocks");
    at
}

const PYTHON: &str = "
import filelock, sys, time
lock = filelock.FileLock(sys.argv[1])
for line in sys.stdin:
    with lock:
        at = time.monotonic_ns()
    print(at, flush=True)
";

struct Waiter {
    kind: &'static str,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Holds the lock, by the kernel's means alone: what is measured is the waiter.
    file: File,
    /// Tells who waits.
    watch: FileLock,
}

impl Waiter {
    fn start(kind: &'static str, path: &Path) -> Self {
        let (file, watch) = (open(path), FileLock::open(path).expect("opens"));
        let mut command = if kind == "Python filelock" {
            // Debian's package is for Debian's Python.
            let mut python = Command::new("/usr/bin/python3");
            python.args(["-c", PYTHON]).arg(path);
            python
        } else {
            let mut own = Command::new(std::env::current_exe().expect("a program"));
            own.args([WAITER, kind]).arg(path);
            own
        };
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().expect("starts: apt-get install python3-filelock");
        let orders = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { kind, child, orders, answers, file, watch }
    }

    /// In nanoseconds.
    fn sample(&mut self) -> f64 {
        flock(&self.file, FlockOperation::LockExclusive).expect("locks");
        writeln!(self.orders).expect("the waiter reads");
        let polls = ["poll 1 ms", "Python filelock"].contains(&self.kind);
        // One that polls is never seen to wait; it begins within that time.
        let pause = Duration::from_micros(if polls { 5_000 } else { 300 });
        while !polls && self.watch.status().expect("the kernel tells").waiting.is_empty() {
            thread::yield_now();
        }
        // It has queued up, and now it is to fall asleep.
        thread::sleep(pause);
        let released = now();
        flock(&self.file, FlockOperation::Unlock).expect("unlocks");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the waiter writes");
        let at: i64 = line.trim().parse().expect("a time");
        (at - released) as f64
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
