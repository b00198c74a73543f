//! `LockFileEx`, by windows-sys. **Never run**: this workspace has no Windows to run it on, nor std
//! for it to compile against. It is written after the system's documentation; it was compiled on
//! Linux, where windows-sys has the same declarations, and tried with a stand-in for its two calls.
//!
//! What is locked on Windows cannot be read or written by others. So it is a byte that no file has:
//! the file's contents, such as the holder's record, stay readable. Std's `File::lock` locks all
//! bytes that there could be, this one among them, so the two exclude each other.
//!
//! The lock belongs to the handle, as `flock`'s to the open file description: other openings in the
//! same process are excluded. All calls on one handle wait for each other, so a thread that sleeps
//! in here has the opening to itself. It has: there is a second one for the helper.
//!
//! Source: <https://learn.microsoft.com/en-us/windows/win32/api/fileapi/nf-fileapi-lockfileex> and
//! `nf-fileapi-unlockfileex`.

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Foundation::{ERROR_LOCK_VIOLATION, ERROR_NOT_LOCKED, WIN32_ERROR};
use windows_sys::Win32::Storage::FileSystem::{
    LOCK_FILE_FLAGS, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, UnlockFileEx,
};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};

use super::{Answer, Mode};

/// Where the byte is: the last but one that a signed offset can have, so that its end is one, too.
const OFFSET: u64 = (1 << 63) - 2;
/// It is one byte.
const LENGTH: u32 = 1;

/// Sleeps in the kernel's queue until the lock is granted: the file was not opened for overlapped
/// input and output, so the call returns when that is so.
pub(super) fn lock(file: &File, mode: Mode) -> io::Result<()> {
    call_lock(file, flags(mode))
}

/// Takes the lock if that takes no waiting.
///
/// What the handle had locked before is given up first, as by `flock`: here, an exclusive lock
/// would exclude its own handle's shared one, and a shared one would be put on top of it.
pub(super) fn try_lock(file: &File, mode: Mode) -> io::Result<Answer> {
    unlock(file)?;
    match call_lock(file, flags(mode) | LOCKFILE_FAIL_IMMEDIATELY) {
        Ok(()) => Ok(Answer::Granted),
        Err(error) if is(&error, ERROR_LOCK_VIOLATION) => Ok(Answer::Busy),
        Err(error) => Err(error),
    }
}

/// Does nothing to a file that is not locked.
pub(super) fn unlock(file: &File) -> io::Result<()> {
    let mut place = place();
    // SAFETY: the handle is open, since `file` is borrowed. The place is read, and written to,
    // until the call returns, and it outlives that.
    let done = unsafe { UnlockFileEx(file.as_raw_handle(), 0, LENGTH, 0, &raw mut place) };
    match outcome(done) {
        Err(error) if is(&error, ERROR_NOT_LOCKED) => Ok(()),
        other => other,
    }
}

fn call_lock(file: &File, flags: LOCK_FILE_FLAGS) -> io::Result<()> {
    let mut place = place();
    // SAFETY: as above; the call returns only when it is over, as the file is not overlapped.
    outcome(unsafe { LockFileEx(file.as_raw_handle(), flags, 0, LENGTH, 0, &raw mut place) })
}

const fn flags(mode: Mode) -> LOCK_FILE_FLAGS {
    match mode {
        Mode::Exclusive => LOCKFILE_EXCLUSIVE_LOCK,
        Mode::Shared => 0,
    }
}

/// Where the byte is, as the calls take it: without an event, since nobody waits for one.
const fn place() -> OVERLAPPED {
    #[allow(clippy::cast_possible_truncation, reason = "its lower half")]
    let halves = OVERLAPPED_0_0 { Offset: OFFSET as u32, OffsetHigh: (OFFSET >> 32) as u32 };
    OVERLAPPED {
        Internal: 0,
        InternalHigh: 0,
        Anonymous: OVERLAPPED_0 { Anonymous: halves },
        hEvent: std::ptr::null_mut(),
    }
}

/// What one of the calls has answered: 0 if it failed.
fn outcome(answer: windows_sys::core::BOOL) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn is(error: &io::Error, code: WIN32_ERROR) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}
