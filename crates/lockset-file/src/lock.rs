//! The lock, and the guard that holds it.

use core::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{self, Path, PathBuf};
use std::process;
use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, Error, Lock, SharedLock};

use crate::open::{explain, open};

/// The first pause between two looks of a timed wait, and the longest, to which it doubles.
///
/// The kernel can wait for a lock without end, or not at all, but not until a deadline. So a timed
/// wait looks again and again: soon at first, since most locks are held briefly, and a hundred
/// times a second at most, which costs a waiter a few thousandths of a processor. A plain
/// [`lock`](Lock::lock) does not poll: it sleeps in the kernel's queue.
const PAUSES: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(10));

/// A lock on a file, which excludes threads and processes alike.
///
/// Every guard has the file open on its own, and the kernel's lock belongs to that opening; so two
/// threads exclude each other just as two processes do, through one `FileLock` or several.
///
/// Invariants:
/// 1. The file is never truncated, written or removed. Removing a lock file while others use it
///    lets two of them in: one that has the old file open, and one that creates a new one.
/// 2. A guard unlocks before it closes. Closing alone is not enough: a child process that was
///    being started at that moment has a copy of the descriptor, which keeps the lock until the
///    child replaces itself by its program.
/// 3. A guard unlocks only in the process that locked. In a forked child the lock is still the
///    parent's.
///
/// Readers and writers: no order among waiters is promised, and readers that keep coming can keep
/// a writer out.
#[derive(Clone, Debug)]
pub struct FileLock {
    path: PathBuf,
}

/// Holds a [`FileLock`], exclusively or shared; dropping it unlocks.
#[must_use = "dropping the guard unlocks the file"]
pub struct FileGuard {
    file: File,
    /// The process that locked.
    owner: u32,
}

#[derive(Clone, Copy)]
enum Mode {
    Exclusive,
    Shared,
}

impl FileLock {
    /// A lock on the file at `path`, which is created, empty, if there is none.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened for reading and writing: `Denied` if that is not permitted,
    /// `InvalidName` for a directory, a symbolic link or a name that the file system does not take,
    /// `Unavailable` otherwise.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        // Each guard opens the file anew, and all have to mean the same one, also after the process
        // has changed its directory.
        let opened = path::absolute(&path).and_then(|absolute| open(&absolute).map(|_| absolute));
        opened.map(|path| Self { path }).map_err(|error| explain(&path, "open", error))
    }

    /// The path of the file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> Result<File, Error> {
        open(&self.path).map_err(|error| explain(&self.path, "open", error))
    }

    /// Sleeps in the kernel's queue until the lock is granted.
    fn wait(&self, mode: Mode) -> Result<FileGuard, Error> {
        let file = self.file()?;
        loop {
            let locked = match mode {
                Mode::Exclusive => file.lock(),
                Mode::Shared => file.lock_shared(),
            };
            match locked {
                Ok(()) => return Ok(FileGuard::new(file)),
                // A signal was handled; the wait goes on.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(explain(&self.path, "lock", error)),
            }
        }
    }

    /// Looks until the lock is granted or `deadline` has passed.
    fn poll(&self, mode: Mode, deadline: Deadline) -> Result<Option<FileGuard>, Error> {
        let file = self.file()?;
        let (mut pause, longest) = PAUSES;
        loop {
            let locked = match mode {
                Mode::Exclusive => file.try_lock(),
                Mode::Shared => file.try_lock_shared(),
            };
            match locked {
                Ok(()) => return Ok(Some(FileGuard::new(file))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    continue;
                }
                Err(TryLockError::Error(error)) => return Err(explain(&self.path, "lock", error)),
            }
            match deadline.remaining() {
                Some(left) if left.is_zero() => return Ok(None),
                left => thread::sleep(left.map_or(pause, |left| left.min(pause))),
            }
            pause = (pause * 2).min(longest);
        }
    }

    fn wait_until(&self, mode: Mode, deadline: Deadline) -> Result<Option<FileGuard>, Error> {
        match deadline {
            Deadline::NEVER => self.wait(mode).map(Some),
            _ => self.poll(mode, deadline),
        }
    }
}

impl Lock for FileLock {
    type Guard<'a> = FileGuard;
    type Error = Error;

    fn lock(&self) -> Result<FileGuard, Error> {
        self.wait(Mode::Exclusive)
    }

    fn try_lock(&self) -> Result<Option<FileGuard>, Error> {
        self.poll(Mode::Exclusive, Deadline::after(Duration::ZERO))
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<FileGuard>, Error> {
        self.wait_until(Mode::Exclusive, deadline)
    }
}

impl SharedLock for FileLock {
    type SharedGuard<'a> = FileGuard;

    fn read(&self) -> Result<FileGuard, Error> {
        self.wait(Mode::Shared)
    }

    fn try_read(&self) -> Result<Option<FileGuard>, Error> {
        self.poll(Mode::Shared, Deadline::after(Duration::ZERO))
    }

    fn read_until(&self, deadline: Deadline) -> Result<Option<FileGuard>, Error> {
        self.wait_until(Mode::Shared, deadline)
    }
}

impl FileGuard {
    fn new(file: File) -> Self {
        Self { file, owner: process::id() }
    }
}

impl Drop for FileGuard {
    fn drop(&mut self) {
        if self.owner == process::id() {
            // Should this fail, the close that follows unlocks, at the latest.
            let _ = self.file.unlock();
        }
    }
}

impl fmt::Debug for FileGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileGuard").field("owner", &self.owner).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    //! The invariants of a guard that cannot be seen from outside without a fork.

    use super::{FileLock, Lock};

    fn lock() -> (FileLock, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (FileLock::open(dir.path().join("lock")).unwrap(), dir)
    }

    /// A child that is being started has a copy of the descriptor for a moment.
    #[test]
    fn a_copy_of_the_descriptor_does_not_keep_the_lock() {
        let (lock, _dir) = lock();
        let guard = lock.lock().unwrap();
        let copy = guard.file.try_clone().unwrap();
        drop(guard);
        assert!(lock.try_lock().unwrap().is_some(), "the guard closed, but did not unlock");
        drop(copy);
    }

    /// A guard that came along into a forked child is not the child's to unlock.
    #[test]
    fn only_the_process_that_locked_unlocks() {
        let (lock, _dir) = lock();
        let mut guard = lock.lock().unwrap();
        let parents = guard.file.try_clone().unwrap();
        guard.owner = 0;
        drop(guard);
        assert!(lock.try_lock().unwrap().is_none(), "a child unlocked its parent's file");
        drop(parents);
    }
}
