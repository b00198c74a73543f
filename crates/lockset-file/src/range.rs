//! Locks on ranges of a file's bytes: a file, and what is asked of it.

use std::ops::RangeBounds;
use std::path::{self, Path, PathBuf};

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Error, ErrorKind, Lock, SharedLock};

use crate::explain::explain;
use crate::network::NetworkFs;
use crate::options::Options;
use crate::region::{RangeGuard, Region};
use crate::sys::{self, Bytes, Extent, Mode};

/// Locks ranges of a file's bytes, so that several can work on different parts of it. Linux alone.
///
/// **This and [`FileLock`](crate::FileLock) do not see each other**, since the kernel keeps `flock`
/// and byte ranges apart; nor do std's `File::lock` and flock(1) see it. It excludes others that
/// use open-file-description locks (`F_OFD_SETLK`) and classic POSIX record locks (`F_SETLK`).
///
/// It excludes threads as well as processes, and nothing is lost when somebody else closes the
/// file. Readers share a range, and a range may be locked before the file has so many bytes. A
/// network file system is not refused; whom its server excludes is for the server to say.
///
/// [`range`](Self::range) makes a lock of the family of one range, with all its verbs; those here
/// are for who locks another range each time.
///
/// ```
/// use lockset_api::{AsyncLock, Deadline, Lock, block_on};
/// use lockset_file::{Mode, RangeLock};
/// use std::time::Duration;
///
/// # let dir = tempfile::tempdir().unwrap();
/// let file = RangeLock::open(dir.path().join("pages"))?;
/// let page = file.lock(0..4096, Mode::Exclusive)?;
/// assert!(file.try_lock(4000..5000, Mode::Shared)?.is_none());
/// assert!(file.try_lock(4096.., Mode::Exclusive)?.is_some());
/// let soon = Deadline::after(Duration::from_millis(20));
/// assert!(file.lock_until(0..1, Mode::Shared, soon)?.is_none());
///
/// let next = file.range(4096..8192)?;
/// let guard = block_on(next.lock_async())?;
/// assert!(next.try_lock()?.is_none());
/// # drop((page, guard));
/// # Ok::<(), lockset_api::Error>(())
/// ```
///
/// # How it waits
///
/// As a [`FileLock`](crate::FileLock) does, each range by itself: those of this process who want
/// the very same range wait in one queue, hand it to each other, and have one helper thread, which
/// sleeps in the kernel for the first of them if that one has a deadline or is a task. Ranges that
/// merely overlap exclude each other in the kernel, also within the process.
///
/// So ten thousand waits for one range that were given up leave one thread, as long as another
/// process keeps that range. But given up on ten thousand ranges, they leave a thread for each,
/// until it comes free: a thread that sleeps in the kernel can be called back by a signal alone,
/// and signals are not a library's to use.
#[derive(Clone, Debug)]
pub struct RangeLock {
    path: PathBuf,
}

impl RangeLock {
    /// Ranges of the file at `path`, which is created, empty, if there is none.
    ///
    /// # Errors
    ///
    /// As [`FileLock::open`](crate::FileLock::open).
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let opened = path::absolute(&path).and_then(|path| sys::open(&path).map(|_| path));
        opened.map(|path| Self { path }).map_err(|error| explain(&path, "open", error))
    }

    /// The path of the file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One range, as a lock of its own.
    ///
    /// # Errors
    ///
    /// `Config` for a range that is empty or goes beyond the 2⁶³ bytes that a file can have;
    /// otherwise as [`open`](Self::open).
    pub fn range(&self, range: impl RangeBounds<u64>) -> Result<Region, Error> {
        let bytes = Bytes::of(&range).ok_or_else(|| {
            let detail = "the range is empty, or goes beyond the end that any file can have";
            Error::new(ErrorKind::Config, detail).with_lock(self.path.display())
        })?;
        let options = Options::new().network(NetworkFs::Allow);
        let handle = options.open_extent(&self.path, Extent::Bytes(bytes))?;
        Ok(Region::new(handle, bytes))
    }

    /// Waits until nobody holds any byte of the range in a mode that excludes this one.
    ///
    /// # Errors
    ///
    /// As [`range`](Self::range), and as [`Lock::lock`].
    pub fn lock(&self, range: impl RangeBounds<u64>, mode: Mode) -> Result<RangeGuard, Error> {
        let region = self.range(range)?;
        match mode {
            Mode::Exclusive => region.lock(),
            Mode::Shared => region.read(),
        }
    }

    /// Takes the range if that takes no waiting.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock).
    pub fn try_lock(
        &self,
        range: impl RangeBounds<u64>,
        mode: Mode,
    ) -> Result<Option<RangeGuard>, Error> {
        let region = self.range(range)?;
        match mode {
            Mode::Exclusive => region.try_lock(),
            Mode::Shared => region.try_read(),
        }
    }

    /// [`lock`](Self::lock), until `deadline` at the latest; `Ok(None)` then.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock).
    pub fn lock_until(
        &self,
        range: impl RangeBounds<u64>,
        mode: Mode,
        deadline: Deadline,
    ) -> Result<Option<RangeGuard>, Error> {
        let region = self.range(range)?;
        match mode {
            Mode::Exclusive => region.lock_until(deadline),
            Mode::Shared => region.read_until(deadline),
        }
    }

    /// [`lock`](Self::lock) for tasks. Cancel-safe: dropped, it leaves no lock.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock).
    pub fn lock_async<R: RangeBounds<u64>>(
        &self,
        range: R,
        mode: Mode,
    ) -> impl Future<Output = Result<RangeGuard, Error>> + Send + use<R> {
        let region = self.range(range);
        async move {
            let region = region?;
            match mode {
                Mode::Exclusive => region.lock_async().await,
                Mode::Shared => region.read_async().await,
            }
        }
    }

    /// [`lock_until`](Self::lock_until) for tasks. Cancel-safe: dropped, it leaves no lock.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock).
    pub fn lock_until_async<R: RangeBounds<u64>>(
        &self,
        range: R,
        mode: Mode,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<RangeGuard>, Error>> + Send + use<R> {
        let region = self.range(range);
        async move {
            let region = region?;
            match mode {
                Mode::Exclusive => region.lock_until_async(deadline).await,
                Mode::Shared => region.read_until_async(deadline).await,
            }
        }
    }
}
