//! File locks that nobody else wants, on a file that is open already.

use std::fs::File;
use std::hint::black_box;
use std::path::PathBuf;

use lockset_api::{AsyncLock, Lock, block_on};
use lockset_file::FileLock;
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::path::{Group, Path, repeat, repeat_mut};

const BARE: &str = "bare flock";
const LOCKED: &str = "a file that can be locked";

pub(crate) const GROUPS: &[Group] = &[Group {
    what: "FileLock: lock and unlock",
    baseline: BARE,
    paths: &[
        Path::new("FileLock", |times| {
            let (_dir, path) = place();
            repeat(times, &FileLock::open(path).expect(LOCKED), |lock| {
                let _guard = lock.lock().expect(LOCKED);
                black_box(());
            });
        }),
        Path::new("FileLock, async", |times| {
            let (_dir, path) = place();
            repeat(times, &FileLock::open(path).expect(LOCKED), |lock| {
                let _guard = block_on(lock.lock_async()).expect(LOCKED);
                black_box(());
            });
        }),
        Path::new(BARE, |times| {
            let (_dir, file) = file();
            repeat(times, &file, |file| {
                flock(file, FlockOperation::LockExclusive).expect(LOCKED);
                black_box(());
                flock(file, FlockOperation::Unlock).expect(LOCKED);
            });
        }),
        Path::new("std", |times| {
            let (_dir, file) = file();
            repeat(times, &file, |file| {
                file.lock().expect(LOCKED);
                black_box(());
                file.unlock().expect(LOCKED);
            });
        }),
        Path::new("fs4", |times| {
            let (_dir, file) = file();
            repeat(times, &file, |file| {
                fs4::FileExt::lock(file).expect(LOCKED);
                black_box(());
                fs4::FileExt::unlock(file).expect(LOCKED);
            });
        }),
        Path::new("fd-lock", |times| {
            let (_dir, file) = file();
            repeat_mut(times, &mut fd_lock::RwLock::new(file), |lock| {
                let _guard = lock.write().expect(LOCKED);
                black_box(());
            });
        }),
    ],
}];

/// Where a lock's file may lie for as long as the directory lives.
fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("instructions.lock");
    (dir, path)
}

fn file() -> (TempDir, File) {
    let (dir, path) = place();
    let file = File::create(path).expect("a file");
    (dir, file)
}
