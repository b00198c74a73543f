//! What the system's errors mean for a lock.

use std::io;
use std::path::Path;

use lockset_api::{Error, ErrorKind};

use crate::sys;

/// Says what could not be done with which file.
pub(crate) fn explain(path: &Path, doing: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::Denied,
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => ErrorKind::InvalidName,
        io::ErrorKind::IsADirectory => ErrorKind::InvalidName,
        io::ErrorKind::Unsupported => ErrorKind::Unsupported,
        _ if sys::is_symbolic_link(&error) => ErrorKind::InvalidName,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot {doing} the lock file"))
        .with_lock(path.display())
        .with_source(error)
}
