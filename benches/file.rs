//! File locks: ours, the bare system calls, and what one writes with std.
//!
//! `bare flock` is the floor: two system calls on a file that is open already, which excludes
//! nobody who shares that opening, other threads of this process among them. Ours opens the file
//! for each guard, so that threads exclude each other as well, and `std open+lock` does the same by
//! hand.

use std::fs::File;
use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use lockset::{FileLock, Lock};
use lockset_bench::{Rival, uncontended};
use rustix::fs::{FlockOperation, flock};

struct Lockset(FileLock);

impl Rival for Lockset {
    fn section(&self, inside: impl FnOnce()) {
        let _guard = self.0.lock().expect("the file can be locked");
        inside();
    }
}

struct BareFlock(File);

impl Rival for BareFlock {
    fn section(&self, inside: impl FnOnce()) {
        flock(&self.0, FlockOperation::LockExclusive).expect("the file can be locked");
        inside();
        flock(&self.0, FlockOperation::Unlock).expect("the file is locked");
    }
}

struct OpenAndLock(PathBuf);

impl Rival for OpenAndLock {
    fn section(&self, inside: impl FnOnce()) {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&self.0).expect("the file can be opened");
        file.lock().expect("the file can be locked");
        inside();
        file.unlock().expect("the file is locked");
    }
}

fn files(criterion: &mut Criterion) {
    // In the target directory: a temporary one is often kept in memory, which no lock file is.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let path = |name: &str| dir.path().join(name);
    let lockset = FileLock::open(path("lockset.lock")).expect("a lock file");
    let bare = File::create(path("bare.lock")).expect("a lock file");

    let mut group = criterion.benchmark_group("file/uncontended");
    uncontended(&mut group, "lockset", &Lockset(lockset));
    uncontended(&mut group, "bare flock", &BareFlock(bare));
    uncontended(&mut group, "std open+lock", &OpenAndLock(path("std.lock")));
    group.finish();
}

criterion_group!(benches, files);
criterion_main!(benches);
