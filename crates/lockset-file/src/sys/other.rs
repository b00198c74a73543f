//! Systems without `flock` or `LockFileEx`: std's `File::lock`. Not run by the tests of this
//! workspace.

use std::fs::{File, TryLockError};
use std::io;

use super::{Answer, Mode};

pub(super) fn lock(file: &File, mode: Mode) -> io::Result<()> {
    match mode {
        Mode::Exclusive => file.lock(),
        Mode::Shared => file.lock_shared(),
    }
}

pub(super) fn try_lock(file: &File, mode: Mode) -> io::Result<Answer> {
    let tried = match mode {
        Mode::Exclusive => file.try_lock(),
        Mode::Shared => file.try_lock_shared(),
    };
    match tried {
        Ok(()) => Ok(Answer::Granted),
        Err(TryLockError::WouldBlock) => Ok(Answer::Busy),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

pub(super) fn unlock(file: &File) -> io::Result<()> {
    file.unlock()
}
