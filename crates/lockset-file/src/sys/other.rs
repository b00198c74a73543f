//! Systems without `flock`: std's `File::lock`. Not run by the tests of this workspace.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{Answer, Mode};

/// A file is known by its path, as far as that can be resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity(PathBuf);

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

pub(crate) fn identity(_file: &File, path: &Path) -> io::Result<Identity> {
    identity_at(path)
}

pub(super) fn identity_at(path: &Path) -> io::Result<Identity> {
    fs::canonicalize(path).map(Identity)
}

pub(super) const fn do_not_follow(_options: &mut OpenOptions) {}

pub(super) fn open_descriptor(_file: &File) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) const fn is_symbolic_link(_error: &io::Error) -> bool {
    false
}
