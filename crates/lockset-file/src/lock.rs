//! The lock.

use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Error, Lock, SharedLock};

use crate::error::{TimedOut, WaitError};
use crate::guard::FileGuard;
use crate::options::{Handle, Options};
use crate::request::{Request, try_now, wait};
use crate::status::{self, Status};
use crate::sys::Mode;
use crate::waiter::Patience;

/// A lock on a file, which excludes threads, tasks and processes alike.
///
/// A process opens a lock file once, however many `FileLock`s it has on it, and by whatever paths.
/// Its threads and tasks wait in one queue, first come, first served, except that a thread which is
/// awake may go ahead of one that sleeps, 256 times at most. On behalf of them all, one asks the
/// kernel.
///
/// Invariants:
/// 1. While a guard lives, the kernel has the file locked for this process, and no other guard of
///    it lives, unless both are shared.
/// 2. The file is never truncated, written or removed, unless [`Options`] say so.
/// 3. A guard unlocks explicitly. To close the file would not be enough: a child that is being
///    started at that moment has a copy of the descriptor, and keeps the lock until it replaces
///    itself by its program.
/// 4. A guard unlocks only in the process that locked. A forked child has nothing of its parent's:
///    neither its guards, nor its queue, nor its openings; it opens the file anew.
/// 5. Nobody polls. A thread without a deadline sleeps in the kernel's queue when it is the first.
///    For one with a deadline and for a task, a helper thread does, one a file, which lives until
///    nobody waits any more. So a waiter that gives up costs nothing afterwards, but one thing: the
///    helper cannot be called back. When the holder leaves, it is granted the lock once more, and
///    gives it back at once.
///
/// How it fails:
/// - It does not exclude a program that ignores the lock, or uses `fcntl` record locks.
/// - Whoever removes or replaces the file makes two locks of it: those who had it open go on with
///   the old one. [`Options::remove_on_release`] is how to do that safely.
/// - Readers of one process that overlap without end keep writers of other processes out, as with
///   `flock` itself. They do not keep out writers of their own: new readers queue up behind these.
/// - A forked child that does not start another program keeps its parent's lock if the parent dies
///   while it holds it. [`status`](Self::status) finds the child.
/// - If the process can have no more threads or descriptors, those with a deadline and tasks are
///   refused, as `Unavailable`, unless a helper is there already. Others wait as ever.
/// - A child that is made by the bare `clone` system call, around the C library, is not noticed to
///   be one.
/// - Locking a file twice in one thread waits for ever, as with any lock of the family.
#[derive(Clone)]
pub struct FileLock {
    handle: Arc<Handle>,
}

impl FileLock {
    pub(crate) const fn of(handle: Arc<Handle>) -> Self {
        Self { handle }
    }

    /// A lock on the file at `path`, which is created, empty, if there is none.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened for reading and writing: `Denied` if that is not permitted,
    /// `InvalidName` for a directory, a symbolic link or a name that the file system does not take,
    /// `Unsupported` on a network file system (see [`Options::network`]), `Unavailable` otherwise.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Options::new().open(path)
    }

    /// The path of the file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.handle.path
    }

    /// Waits for `timeout` at most. Unlike [`lock_until`](Lock::lock_until), which answers `None`,
    /// this says who would not let go.
    ///
    /// ```
    /// use lockset_api::Lock;
    /// use lockset_file::{FileLock, WaitError};
    /// use std::time::Duration;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// let lock = FileLock::open(dir.path().join("lock"))?;
    /// let guard = lock.lock()?;
    /// let Err(WaitError::TimedOut(why)) = lock.lock_within(Duration::from_millis(20)) else {
    ///     panic!("it is held")
    /// };
    /// assert_eq!(why.status.unwrap().holders[0].pid, std::process::id());
    /// # drop(guard);
    /// # Ok::<(), lockset_api::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], or [`WaitError::Failed`] as [`Lock::lock`].
    pub fn lock_within(&self, timeout: Duration) -> Result<FileGuard, WaitError> {
        self.within(Mode::Exclusive, timeout)
    }

    /// [`lock_within`](Self::lock_within), but shared.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn read_within(&self, timeout: Duration) -> Result<FileGuard, WaitError> {
        self.within(Mode::Shared, timeout)
    }

    fn within(&self, mode: Mode, timeout: Duration) -> Result<FileGuard, WaitError> {
        let start = Instant::now();
        if let Some(guard) = wait(&self.handle, mode, Deadline::after(timeout))? {
            return Ok(guard);
        }
        let (path, waited) = (self.path().into(), start.elapsed());
        Err(WaitError::TimedOut(TimedOut { path, waited, status: self.status().ok() }))
    }

    /// Who holds the lock, and who waits for it. It takes no lock, so it disturbs nobody.
    ///
    /// Linux alone tells that.
    ///
    /// # Errors
    ///
    /// When `/proc/locks` cannot be read.
    pub fn status(&self) -> Result<Status, Error> {
        let later = self.handle.inode()?;
        status::of(later.as_ref().unwrap_or(&self.handle.first), self.path())
    }

    fn request(&self, mode: Mode) -> Request {
        Request::new(Arc::clone(&self.handle), mode, Patience::Async)
    }
}

impl Lock for FileLock {
    type Guard<'a> = FileGuard;
    type Error = Error;

    #[inline]
    fn lock(&self) -> Result<FileGuard, Error> {
        self.lock_until(Deadline::NEVER).map(|granted| granted.expect("waited without end"))
    }

    #[inline]
    fn try_lock(&self) -> Result<Option<FileGuard>, Error> {
        try_now(&self.handle, Mode::Exclusive)
    }

    #[inline]
    fn lock_until(&self, deadline: Deadline) -> Result<Option<FileGuard>, Error> {
        wait(&self.handle, Mode::Exclusive, deadline)
    }
}

impl SharedLock for FileLock {
    type SharedGuard<'a> = FileGuard;

    #[inline]
    fn read(&self) -> Result<FileGuard, Error> {
        self.read_until(Deadline::NEVER).map(|granted| granted.expect("waited without end"))
    }

    #[inline]
    fn try_read(&self) -> Result<Option<FileGuard>, Error> {
        try_now(&self.handle, Mode::Shared)
    }

    #[inline]
    fn read_until(&self, deadline: Deadline) -> Result<Option<FileGuard>, Error> {
        wait(&self.handle, Mode::Shared, deadline)
    }
}

impl AsyncLock for FileLock {
    type Guard<'a> = FileGuard;
    type Error = Error;

    fn lock_async(&self) -> impl Future<Output = Result<FileGuard, Error>> + Send {
        self.request(Mode::Exclusive)
    }

    async fn try_lock_async(&self) -> Result<Option<FileGuard>, Error> {
        try_now(&self.handle, Mode::Exclusive)
    }
}

impl AsyncSharedLock for FileLock {
    type SharedGuard<'a> = FileGuard;

    fn read_async(&self) -> impl Future<Output = Result<FileGuard, Error>> + Send {
        self.request(Mode::Shared)
    }

    async fn try_read_async(&self) -> Result<Option<FileGuard>, Error> {
        try_now(&self.handle, Mode::Shared)
    }
}

impl fmt::Debug for FileLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FileLock");
        shown.field("path", &self.handle.path);
        // In a forked child the state is the parent's, and nobody's to look at.
        let is_ours = !self.handle.first.is_foreign();
        if let Some(state) = is_ours.then(|| self.handle.first.try_lock()).flatten() {
            shown.field("held", &state.held).field("waiting", &state.queue.len());
        }
        shown.finish_non_exhaustive()
    }
}
