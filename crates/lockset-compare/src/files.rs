//! File locks, each as its documentation says to use it: every contender opens the file itself.
//!
//! `cargo xtask files` measures the same ones between processes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use lockset::{AsyncLock, Deadline, FileLock, Lock};
use rustix::fs::{FlockOperation, flock};

use crate::entry::{Entry, Origin, Primitive};
use crate::rival::{Cancelled, Place, Rival, Timed};

/// All of them.
#[must_use]
pub fn files() -> Vec<Entry> {
    let ours = |name, origin| entry::<Ours>(name, origin).timed::<Ours>().cancelled::<Ours>();
    vec![
        ours("FileLock", Origin::Ours),
        ours("FileLock (again)", Origin::Twin),
        entry::<Std>("std", Origin::Rival),
        entry::<Fs4>("fs4", Origin::Rival),
        entry::<FdLock>("fd-lock", Origin::Rival),
        entry::<Fslock>("fslock", Origin::Rival),
        entry::<Bare>("bare flock", Origin::Bare),
    ]
}

fn entry<R: Rival>(name: &str, origin: Origin) -> Entry {
    Entry::new::<R>(Primitive::File, origin, name)
}

/// Opens a file to be locked, and makes it if it is not there.
///
/// # Panics
///
/// If it cannot be opened.
#[must_use]
pub fn open(path: &Path) -> File {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()))
}

/// Lockset's.
#[derive(Debug)]
pub struct Ours(FileLock);

impl Rival for Ours {
    fn open(place: &Place) -> Self {
        Self(FileLock::open(place.file()).expect("the file can be opened"))
    }
    fn another(&self) -> Self {
        Self(FileLock::open(self.0.path()).expect("the file can be opened"))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock().expect("the kernel locks files");
        inside()
    }
}

impl Timed for Ours {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let _guard = self.0.lock_until(Deadline::after(limit)).expect("the kernel locks files")?;
        Some(inside())
    }
}

impl Cancelled for Ours {
    fn abandon(&mut self) {
        let wait = pin!(self.0.lock_async());
        assert!(wait.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

/// The system calls alone.
#[derive(Debug)]
pub struct Bare(File, PathBuf);

impl Rival for Bare {
    fn open(place: &Place) -> Self {
        Self(open(&place.file()), place.file())
    }
    fn another(&self) -> Self {
        Self(open(&self.1), self.1.clone())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        flock(&self.0, FlockOperation::LockExclusive).expect("the kernel locks files");
        let done = inside();
        flock(&self.0, FlockOperation::Unlock).expect("it is locked");
        done
    }
}

/// std's `File::lock`.
#[derive(Debug)]
pub struct Std(File, PathBuf);

impl Rival for Std {
    fn open(place: &Place) -> Self {
        Self(open(&place.file()), place.file())
    }
    fn another(&self) -> Self {
        Self(open(&self.1), self.1.clone())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        self.0.lock().expect("the kernel locks files");
        let done = inside();
        self.0.unlock().expect("it is locked");
        done
    }
}

/// `fs4`.
#[derive(Debug)]
pub struct Fs4(File, PathBuf);

impl Rival for Fs4 {
    fn open(place: &Place) -> Self {
        Self(open(&place.file()), place.file())
    }
    fn another(&self) -> Self {
        Self(open(&self.1), self.1.clone())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        fs4::FileExt::lock(&self.0).expect("the kernel locks files");
        let done = inside();
        fs4::FileExt::unlock(&self.0).expect("it is locked");
        done
    }
}

/// `fd-lock`.
#[derive(Debug)]
pub struct FdLock(fd_lock::RwLock<File>, PathBuf);

impl Rival for FdLock {
    fn open(place: &Place) -> Self {
        Self(fd_lock::RwLock::new(open(&place.file())), place.file())
    }
    fn another(&self) -> Self {
        Self(fd_lock::RwLock::new(open(&self.1)), self.1.clone())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.write().expect("the kernel locks files");
        inside()
    }
}

/// `fslock`.
#[derive(Debug)]
pub struct Fslock(fslock::LockFile, PathBuf);

impl Rival for Fslock {
    fn open(place: &Place) -> Self {
        let path = place.file();
        Self(fslock::LockFile::open(&path).expect("the file can be opened"), path)
    }
    fn another(&self) -> Self {
        Self(fslock::LockFile::open(&self.1).expect("the file can be opened"), self.1.clone())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        self.0.lock().expect("the kernel locks files");
        let done = inside();
        self.0.unlock().expect("it is locked");
        done
    }
}
