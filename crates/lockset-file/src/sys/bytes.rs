//! Locks on ranges of a file's bytes: the kernel's open-file-description locks, by nix.
//!
//! Such a lock belongs to an opening, as `flock`'s does. Another mode of what the opening has
//! locked is asked for in one step, and nothing is lost if it is not granted.

use std::fs::File;
use std::io;
use std::ops::{Bound, RangeBounds};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::{Answer, Mode};

/// A range that the kernel can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bytes {
    pub(crate) start: libc::off_t,
    /// 0 means: as far as the file will ever go.
    pub(crate) length: libc::off_t,
}

impl Bytes {
    /// `None` for a range that is empty, or goes beyond what a file can have.
    pub(crate) fn of(range: &impl RangeBounds<u64>) -> Option<Self> {
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
        let length =
            end.map_or(Some(0), |end| end.checked_sub(start).filter(|length| *length > 0))?;
        let (start, length) = (start.try_into().ok()?, length.try_into().ok()?);
        libc::off_t::checked_add(start, length)?;
        Some(Self { start, length })
    }

    fn request(self, kind: libc::c_int) -> libc::flock {
        let (l_start, l_len) = (self.start, self.length);
        libc::flock {
            l_type: short(kind),
            l_whence: short(libc::SEEK_SET),
            l_start,
            l_len,
            l_pid: 0,
        }
    }
}

/// Sleeps in the kernel's queue until the lock is granted.
pub(super) fn lock(file: &File, bytes: Bytes, mode: Mode) -> io::Result<()> {
    Ok(set(file, FcntlArg::F_OFD_SETLKW, &bytes.request(kind_of(mode)))?)
}

/// Takes the lock if that takes no waiting.
pub(super) fn try_lock(file: &File, bytes: Bytes, mode: Mode) -> io::Result<Answer> {
    match set(file, FcntlArg::F_OFD_SETLK, &bytes.request(kind_of(mode))) {
        Ok(()) => Ok(Answer::Granted),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(Answer::Busy),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn unlock(file: &File, bytes: Bytes) -> io::Result<()> {
    Ok(set(file, FcntlArg::F_OFD_SETLK, &bytes.request(libc::F_UNLCK))?)
}

const fn kind_of(mode: Mode) -> libc::c_int {
    match mode {
        Mode::Exclusive => libc::F_WRLCK,
        Mode::Shared => libc::F_RDLCK,
    }
}

/// The constants are of a wider type than the fields.
fn short(constant: libc::c_int) -> libc::c_short {
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
