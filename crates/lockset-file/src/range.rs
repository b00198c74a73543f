//! Locks on ranges of a file's bytes, by the kernel's open-file-description locks.

use core::fmt;
use std::fs::File;
use std::ops::{Bound, RangeBounds};
use std::path::{self, Path, PathBuf};

use lockset_api::{Error, ErrorKind};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::explain::explain;
use crate::sys::{self, Mode, Process};

/// Locks ranges of a file's bytes, so that several can work on different parts of it. Linux alone.
///
/// **This and [`FileLock`](crate::FileLock) do not see each other**, since the kernel keeps `flock`
/// and byte ranges apart; nor do std's `File::lock` and flock(1) see it. It excludes others that
/// use open-file-description locks (`F_OFD_SETLK`) and classic POSIX record locks (`F_SETLK`).
///
/// Each guard has an opening of its own, to which its lock belongs; so it excludes threads as well
/// as processes, and nothing is lost when somebody else closes the file. Readers share a range,
/// and a range may be locked before the file has so many bytes. There is no wait with a deadline
/// and none for tasks, since the kernel has none and this does not poll.
///
/// ```
/// use lockset_file::{Mode, RangeLock};
///
/// # let dir = tempfile::tempdir().unwrap();
/// let file = RangeLock::open(dir.path().join("pages"))?;
/// let page = file.lock(0..4096, Mode::Exclusive)?;
/// assert!(file.try_lock(4000..5000, Mode::Shared)?.is_none());
/// assert!(file.try_lock(4096.., Mode::Exclusive)?.is_some());
/// # drop(page);
/// # Ok::<(), lockset_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RangeLock {
    path: PathBuf,
}

/// Holds a range of a file, exclusively or shared; dropping it unlocks the range.
#[must_use = "dropping the guard unlocks the range"]
pub struct RangeGuard {
    file: File,
    request: libc::flock,
    process: Process,
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

    /// Waits until nobody holds any byte of the range in a mode that excludes this one.
    ///
    /// # Errors
    ///
    /// `Config` for a range that is empty or goes beyond the 2⁶³ bytes that a file can have;
    /// otherwise as [`Lock::lock`](lockset_api::Lock::lock).
    pub fn lock(&self, range: impl RangeBounds<u64>, mode: Mode) -> Result<RangeGuard, Error> {
        let (file, request) = self.prepare(&range, mode)?;
        match set(&file, FcntlArg::F_OFD_SETLKW, &request) {
            Ok(()) => Ok(RangeGuard { file, request, process: Process::current() }),
            Err(error) => Err(explain(&self.path, "lock a range of", error.into())),
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
        let (file, request) = self.prepare(&range, mode)?;
        match set(&file, FcntlArg::F_OFD_SETLK, &request) {
            Ok(()) => Ok(Some(RangeGuard { file, request, process: Process::current() })),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(None),
            Err(error) => Err(explain(&self.path, "lock a range of", error.into())),
        }
    }

    fn prepare(
        &self,
        range: &impl RangeBounds<u64>,
        mode: Mode,
    ) -> Result<(File, libc::flock), Error> {
        let request = request(range, mode).ok_or_else(|| {
            let detail = "the range is empty, or goes beyond the end that any file can have";
            Error::new(ErrorKind::Config, detail).with_lock(self.path.display())
        })?;
        let file = sys::open(&self.path).map_err(|error| explain(&self.path, "open", error))?;
        Ok((file, request))
    }
}

/// What the kernel is asked; `None` for a range that it cannot be asked for.
fn request(range: &impl RangeBounds<u64>, mode: Mode) -> Option<libc::flock> {
    let start = match range.start_bound() {
        Bound::Included(first) => *first,
        Bound::Excluded(before) => before.checked_add(1)?,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => Some(last.checked_add(1)?),
        Bound::Excluded(end) => Some(*end),
        Bound::Unbounded => None,
    };
    // A length of 0 means: as far as the file will ever go.
    let length = end.map_or(Some(0), |end| end.checked_sub(start).filter(|length| *length > 0))?;
    let (l_start, l_len) = (start.try_into().ok()?, length.try_into().ok()?);
    libc::off_t::checked_add(l_start, l_len)?;
    let l_type = match mode {
        Mode::Exclusive => libc::F_WRLCK,
        Mode::Shared => libc::F_RDLCK,
    };
    let (l_type, l_whence) = (kind(l_type), kind(libc::SEEK_SET));
    Some(libc::flock { l_type, l_whence, l_start, l_len, l_pid: 0 })
}

/// The constants are of a wider type than the fields.
fn kind(constant: libc::c_int) -> libc::c_short {
    constant.try_into().unwrap_or(0)
}

/// A call that a signal has interrupted is made again.
fn set<'a>(
    file: &File,
    operation: fn(&'a libc::flock) -> FcntlArg<'a>,
    request: &'a libc::flock,
) -> Result<(), Errno> {
    loop {
        match fcntl(file, operation(request)) {
            Err(Errno::EINTR) => {}
            other => return other.map(drop),
        }
    }
}

impl Drop for RangeGuard {
    fn drop(&mut self) {
        if self.process.is_gone() {
            return;
        }
        // Explicitly: a child that is being started has a copy of the descriptor. Should it fail,
        // the close that follows unlocks, at the latest.
        let unlock = libc::flock { l_type: kind(libc::F_UNLCK), ..self.request };
        let _ = set(&self.file, FcntlArg::F_OFD_SETLK, &unlock);
    }
}

impl fmt::Debug for RangeGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RangeGuard");
        shown.field("start", &self.request.l_start).field("length", &self.request.l_len);
        shown.finish_non_exhaustive()
    }
}
