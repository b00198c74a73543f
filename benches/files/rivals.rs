//! The file locks, each as its documentation says to use it.

use std::fs::File;
use std::path::Path;

use lockset::{AsyncLock, FileLock, Lock, block_on};
use rustix::fs::{FlockOperation, flock};

/// All of them, an entry each of what `$entry::<Rival>(name, $dir)` measures.
macro_rules! for_rivals {
    ($entry:ident, $dir:expr) => {
        [
            $entry::<Bare>("bare flock", $dir),
            $entry::<Lockset>("lockset", $dir),
            $entry::<LocksetAsync>("lockset, async", $dir),
            $entry::<Std>("std", $dir),
            $entry::<Fs4>("fs4", $dir),
            $entry::<FdLock>("fd-lock", $dir),
            $entry::<Fslock>("fslock", $dir),
        ]
    };
}
pub(crate) use for_rivals;

/// A lock on a file, opened by one thread for itself.
pub(crate) trait Rival: Sized + Send {
    fn open(path: &Path) -> Self;
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T;
}

pub(crate) fn open(path: &Path) -> File {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).expect("the file can be opened")
}

/// The system calls alone. `NB` is what ours asks first.
pub(crate) struct Bare(File);

impl Rival for Bare {
    fn open(path: &Path) -> Self {
        Self(open(path))
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        flock(&self.0, FlockOperation::LockExclusive).expect("locks");
        let done = inside();
        flock(&self.0, FlockOperation::Unlock).expect("unlocks");
        done
    }
}

pub(crate) struct Lockset(FileLock);

impl Rival for Lockset {
    fn open(path: &Path) -> Self {
        Self(FileLock::open(path).expect("opens"))
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock().expect("locks");
        inside()
    }
}

pub(crate) struct LocksetAsync(FileLock);

impl Rival for LocksetAsync {
    fn open(path: &Path) -> Self {
        Self(FileLock::open(path).expect("opens"))
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = block_on(self.0.lock_async()).expect("locks");
        inside()
    }
}

pub(crate) struct Std(File);

impl Rival for Std {
    fn open(path: &Path) -> Self {
        Self(open(path))
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        self.0.lock().expect("locks");
        let done = inside();
        self.0.unlock().expect("unlocks");
        done
    }
}

pub(crate) struct Fs4(File);

impl Rival for Fs4 {
    fn open(path: &Path) -> Self {
        Self(open(path))
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        fs4::FileExt::lock(&self.0).expect("locks");
        let done = inside();
        fs4::FileExt::unlock(&self.0).expect("unlocks");
        done
    }
}

pub(crate) struct FdLock(fd_lock::RwLock<File>);

impl Rival for FdLock {
    fn open(path: &Path) -> Self {
        Self(fd_lock::RwLock::new(open(path)))
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.write().expect("locks");
        inside()
    }
}

pub(crate) struct Fslock(fslock::LockFile);

impl Rival for Fslock {
    fn open(path: &Path) -> Self {
        Self(fslock::LockFile::open(path).expect("opens"))
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        self.0.lock().expect("locks");
        let done = inside();
        self.0.unlock().expect("unlocks");
        done
    }
}
