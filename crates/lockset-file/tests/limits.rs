//! A process that may have no more threads, or no more descriptors: who cannot wait is told so, and
//! nobody hangs.
//!
//! It lowers the limits of its process, so it is one test, and alone in its program.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use lockset_api::{AsyncLock, Deadline, ErrorKind, Lock, block_on};
use lockset_file::FileLock;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use support::lock_file;

/// Runs `work` with a limit lowered.
fn limited(resource: Resource, limit: u64, work: impl FnOnce()) {
    let (soft, hard) = getrlimit(resource).expect("the system tells");
    setrlimit(resource, limit, hard).expect("it may be lowered");
    work();
    setrlimit(resource, soft, hard).expect("it may be raised again");
}

/// How much memory this process has mapped, in bytes.
fn mapped() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this process runs");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).expect("a size");
    let size: u64 = size.trim().trim_end_matches(" kB").parse().expect("a number");
    size << 10
}

fn refused<T>(tried: Result<T, lockset_api::Error>) {
    let error = tried.err().expect("it cannot be had");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

/// Nobody can wait for this lock, but by a thread that sleeps in the kernel itself.
fn nobody_can_wait(lock: &FileLock) {
    let late = || Deadline::after(Duration::from_secs(3600));
    for _ in 0..2 {
        refused(lock.lock_until(late()));
        refused(block_on(lock.lock_async()));
        assert!(lock.try_lock().expect("asks").is_none());
    }
}

/// And they can when the limit is raised again.
fn everybody_can_wait(lock: &FileLock, held: &File) {
    let soon = Deadline::after(Duration::from_millis(20));
    assert!(lock.lock_until(soon).expect("asks").is_none());
    held.unlock().expect("unlocks");
    drop(block_on(lock.lock_async()).expect("locks"));
}

fn held(path: &Path) -> (FileLock, File) {
    let (lock, other) = (FileLock::open(path).expect("opens"), File::open(path).expect("opens"));
    other.lock().expect("nobody else has it");
    (lock, other)
}

#[test]
fn without_threads_or_descriptors_waits_are_refused() {
    let (dir, path) = lock_file();
    let (lock, other) = held(&path);
    // A thread has a stack of two megabytes, and this program has had no other whose it could take.
    limited(Resource::RLIMIT_AS, mapped() + (1 << 20), || nobody_can_wait(&lock));
    everybody_can_wait(&lock, &other);

    let path = dir.path().join("another");
    let (lock, other) = held(&path);
    // Descriptors have numbers below this, and these three are taken.
    limited(Resource::RLIMIT_NOFILE, 3, || {
        refused(FileLock::open(dir.path().join("third")));
        nobody_can_wait(&lock);
    });
    everybody_can_wait(&lock, &other);
}
