//! `flock`, by rustix.
//!
//! The lock belongs to the open file description, not to the process: other openings in the same
//! process are excluded, copies of the descriptor share it, and closing an unrelated descriptor of
//! the file does nothing to it. A call that a signal has interrupted is made again.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::{Errno, retry_on_intr};

use super::{Answer, Mode};

/// Whether a file is told from another one at the same path.
pub(crate) const TELLS_FILES_APART: bool = true;

/// What two openings of the same file have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    #[cfg(target_os = "linux")]
    pub(crate) const fn inode(&self) -> u64 {
        self.inode
    }

    #[cfg(target_os = "linux")]
    pub(crate) const fn device(&self) -> u64 {
        self.device
    }
}

/// Sleeps in the kernel's queue until the lock is granted.
pub(super) fn lock(file: &File, mode: Mode) -> io::Result<()> {
    let operation = match mode {
        Mode::Exclusive => FlockOperation::LockExclusive,
        Mode::Shared => FlockOperation::LockShared,
    };
    Ok(retry_on_intr(|| flock(file, operation))?)
}

/// Takes the lock if that takes no waiting.
#[inline]
pub(super) fn try_lock(file: &File, mode: Mode) -> io::Result<Answer> {
    let operation = match mode {
        Mode::Exclusive => FlockOperation::NonBlockingLockExclusive,
        Mode::Shared => FlockOperation::NonBlockingLockShared,
    };
    match retry_on_intr(|| flock(file, operation)) {
        Ok(()) => Ok(Answer::Granted),
        Err(Errno::WOULDBLOCK) => Ok(Answer::Busy),
        Err(error) => Err(error.into()),
    }
}

#[inline]
pub(super) fn unlock(file: &File) -> io::Result<()> {
    Ok(retry_on_intr(|| flock(file, FlockOperation::Unlock))?)
}

pub(crate) fn identity(file: &File, _path: &Path) -> io::Result<Identity> {
    file.metadata().map(|found| Identity { device: found.dev(), inode: found.ino() })
}

pub(super) fn identity_at(path: &Path) -> io::Result<Identity> {
    fs::symlink_metadata(path).map(|found| Identity { device: found.dev(), inode: found.ino() })
}

pub(super) fn do_not_follow(options: &mut OpenOptions) {
    // The flag is a bit of a C int; the type that names it is unsigned.
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
}

pub(super) fn open_descriptor(file: &File) -> io::Result<File> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    OpenOptions::new().read(true).write(true).open(link)
}

/// Whether `O_NOFOLLOW` refused the path.
pub(crate) fn is_symbolic_link(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}
