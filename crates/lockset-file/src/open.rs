//! Opening a lock file, and what its errors mean.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use lockset_api::{Error, ErrorKind};

/// Opens the file, creating it if need be, without touching what is in it.
///
/// For reading and writing, because network file systems only lock exclusively what is open for
/// writing; and not through a symbolic link at the end of the path, which in a shared directory
/// could lead anywhere.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // The flag is a bit of a C int; the type that names it is unsigned.
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// Says what could not be done with which file.
pub(crate) fn explain(path: &Path, doing: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::Denied,
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => ErrorKind::InvalidName,
        io::ErrorKind::IsADirectory => ErrorKind::InvalidName,
        io::ErrorKind::Unsupported => ErrorKind::Unsupported,
        _ if is_symbolic_link(&error) => ErrorKind::InvalidName,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot {doing} the lock file"))
        .with_lock(path.display())
        .with_source(error)
}

/// Whether `O_NOFOLLOW` refused the path.
#[cfg(unix)]
fn is_symbolic_link(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP)
}

#[cfg(not(unix))]
fn is_symbolic_link(_: &io::Error) -> bool {
    false
}
