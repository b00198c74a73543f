//! Other processes for the tests: the test's own program, started once more to serve orders.

#![allow(dead_code, reason = "each test needs a part of it")]

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdin, ChildStdout, Command, Stdio};

use lockset_api::{Lock, SharedLock};
use lockset_file::{FileGuard, FileLock, Options};
#[cfg(target_os = "linux")]
use lockset_file::{Mode, RangeLock};
use tempfile::TempDir;

/// What a peer finds in its environment: the lock file, and the words of its options.
const ADDRESS: &str = "LOCKSET_FILE_PEER";
const OPTIONS: &str = "LOCKSET_FILE_OPTIONS";
/// Tells a peer's answers from what the test runner prints.
const ANSWER: &str = "peer> ";

/// A directory, and the path of a lock file in it.
pub(crate) fn lock_file() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("lock");
    (dir, path)
}

/// Options, from the words `remove`, `record` and `strict`.
fn options(words: &str) -> Options {
    words.split_whitespace().fold(Options::new(), |options, word| match word {
        "remove" => options.remove_on_release(),
        "record" => options.record("a peer"),
        "strict" => options.hand_overs(0),
        _ => panic!("unknown option {word:?}"),
    })
}

/// A process of its own; killed when dropped.
pub(crate) struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// The running program has a test `peer`, which calls [`serve`].
    pub(crate) fn start(path: &Path, options: &str) -> Self {
        let mut child = Command::new(env::current_exe().expect("the test has a program"))
            .args(["--exact", "peer", "--nocapture", "--test-threads=1"])
            .env(ADDRESS, path)
            .env(OPTIONS, options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test's program starts");
        let orders = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut peer = Self { child, orders, answers };
        assert_eq!(peer.answer(), "ready");
        peer
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ask(&mut self, order: &str) -> String {
        self.tell(order);
        self.answer()
    }

    pub(crate) fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").expect("the peer reads");
    }

    pub(crate) fn answer(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.answers.read_line(&mut line).expect("a readable pipe"), 0, "it ended");
            if let Some(answer) = line.strip_prefix(ANSWER) {
                return answer.trim().to_owned();
            }
        }
    }

    /// SIGKILL; and it is gone when this returns.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The body of the test that a peer runs; does nothing in a process that is none.
pub(crate) fn serve() {
    let Ok(path) = env::var(ADDRESS) else { return };
    let lock = options(&env::var(OPTIONS).unwrap_or_default()).open(&path).expect("opens");
    let mut guard = None;
    #[cfg(target_os = "linux")]
    let (ranges, mut range) = (RangeLock::open(&path).expect("opens"), None);
    say("ready");
    for order in io::stdin().lines() {
        let order = order.expect("the test still writes");
        match order.split(' ').collect::<Vec<_>>()[..] {
            ["lock"] => hold(&mut guard, Some(lock.lock().expect("locks"))),
            ["read"] => hold(&mut guard, Some(lock.read().expect("locks"))),
            ["try"] => hold(&mut guard, lock.try_lock().expect("locks")),
            ["try_read"] => hold(&mut guard, lock.try_read().expect("locks")),
            #[cfg(target_os = "linux")]
            ["lock_range" | "try_range", start, end] => {
                let bound = |word: &str| word.parse::<u64>().expect("a number");
                let bytes = bound(start)..bound(end);
                range = if order.starts_with("try") {
                    ranges.try_lock(bytes, Mode::Exclusive).expect("asks")
                } else {
                    Some(ranges.lock(bytes, Mode::Exclusive).expect("locks"))
                };
                say(if range.is_some() { "held" } else { "busy" });
            }
            ["release"] => {
                guard = None;
                #[cfg(target_os = "linux")]
                drop(range.take());
                say("released");
            }
            ["sections", times, marker] => {
                let times = times.parse().expect("a number");
                say(&sections(&lock, times, Path::new(marker)).to_string());
            }
            ["naive_sections", times, marker] => {
                let times = times.parse().expect("a number");
                let lock = || Naive::lock(Path::new(&path));
                say(&sections_of(lock, times, Path::new(marker)).to_string());
            }
            ["create_new"] => {
                File::create_new(&path).expect("it is not there");
                say("held");
            }
            ["cycle"] => {
                say("cycling");
                loop {
                    drop(lock.lock().expect("locks"));
                }
            }
            _ => panic!("unknown order {order:?}"),
        }
    }
}

fn hold(guard: &mut Option<FileGuard>, granted: Option<FileGuard>) {
    say(if granted.is_some() { "held" } else { "busy" });
    *guard = granted.or(guard.take());
}

pub(crate) fn say(answer: &str) {
    let mut out = io::stdout();
    writeln!(out, "\n{ANSWER}{answer}").and_then(|()| out.flush()).expect("the test still reads");
}

/// So many sections, in each of which a file is created that must not be there, and removed; how
/// often it was there, because somebody else was in such a section.
pub(crate) fn sections(lock: &FileLock, times: usize, marker: &Path) -> usize {
    sections_of(|| lock.lock().expect("locks"), times, marker)
}

pub(crate) fn sections_of<G>(lock: impl Fn() -> G, times: usize, marker: &Path) -> usize {
    let second_holders = (0..times).filter(|_| {
        let _guard = lock();
        let is_second = File::create_new(marker).is_err();
        // Gives whoever else is inside the time to find it.
        std::thread::yield_now();
        let _ = fs::remove_file(marker);
        is_second
    });
    second_holders.count()
}

/// A file that is removed when it is unlocked, by one who does not look whether it is still the one
/// at the path when it is locked.
pub(crate) struct Naive {
    path: PathBuf,
    file: File,
}

impl Naive {
    pub(crate) fn lock(path: &Path) -> Self {
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false).open(path).expect("opens");
        file.lock().expect("locks");
        Self { path: path.into(), file }
    }
}

impl Drop for Naive {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        self.file.unlock().expect("unlocks");
    }
}

/// Waits for what another thread or process will do: looks again and again, without a pause that
/// would have to be long enough.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed().as_secs() < 60, "in vain: {what}");
        std::thread::yield_now();
    }
}

/// How many wait in this process and for it in the kernel.
pub(crate) fn waiting(lock: &FileLock) -> usize {
    lock.status().expect("the kernel tells").waiting.len()
}

/// Whether somebody of this process sleeps in the kernel until he can write this file.
pub(crate) fn asks_the_kernel(path: &Path) -> bool {
    let inode = fs::metadata(path).expect("it is there").ino();
    let (asks, file) =
        (format!("-> FLOCK  ADVISORY  WRITE {} ", process::id()), format!(":{inode} "));
    let all = fs::read_to_string("/proc/locks").expect("the kernel tells");
    all.lines().any(|line| line.contains(&asks) && line.contains(&file))
}

/// The threads of this process that wait on behalf of others.
pub(crate) fn helpers() -> usize {
    threads("lockset-file")
}

/// The threads of this process that have this name.
pub(crate) fn threads(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("this process has threads");
    let names = tasks.flatten().map(|task| fs::read_to_string(task.path().join("comm")));
    names.flatten().filter(|found| found.trim_end() == name).count()
}
