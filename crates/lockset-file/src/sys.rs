//! The seam to the system: the kernel's lock on an open file, what makes two openings the same
//! file, and whether this process is still the one that it was.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;

#[cfg(windows)]
#[allow(unsafe_code, reason = "std locks the whole file, and nothing safe locks a part of it")]
mod windows;
#[cfg(windows)]
use windows as system;

#[cfg(not(any(unix, windows)))]
mod other;
#[cfg(not(any(unix, windows)))]
use other as system;

#[cfg(not(unix))]
mod by_path;
#[cfg(not(unix))]
use by_path as naming;
#[cfg(unix)]
use unix as naming;

#[cfg(target_os = "linux")]
mod bytes;

#[cfg(target_os = "linux")]
pub(crate) use bytes::Bytes;
pub(crate) use naming::{Identity, TELLS_FILES_APART, identity, is_symbolic_link};

/// How much of a file is locked, and so by which of the kernel's two kinds of lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Extent {
    /// By `flock`.
    Whole,
    /// By a lock of the open file description.
    #[cfg(target_os = "linux")]
    Bytes(Bytes),
}

/// How a file is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "flock knows these two")]
pub enum Mode {
    /// By one, alone.
    Exclusive,
    /// By any number together, none of whom has it exclusively.
    Shared,
}

/// The kernel's answer to one who does not want to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Granted,
    Busy,
}

/// Sleeps in the kernel's queue until the lock is granted to this opening.
pub(crate) fn lock(file: &File, extent: Extent, mode: Mode) -> io::Result<()> {
    match extent {
        Extent::Whole => system::lock(file, mode),
        #[cfg(target_os = "linux")]
        Extent::Bytes(bytes) => bytes::lock(file, bytes, mode),
    }
}

/// Takes the lock for this opening if that takes no waiting. What it held of it before may be given
/// up in any case: flock changes the mode of a lock by giving it up first.
#[inline]
pub(crate) fn try_lock(file: &File, extent: Extent, mode: Mode) -> io::Result<Answer> {
    match extent {
        Extent::Whole => system::try_lock(file, mode),
        #[cfg(target_os = "linux")]
        Extent::Bytes(bytes) => bytes::try_lock(file, bytes, mode),
    }
}

#[inline]
pub(crate) fn unlock(file: &File, extent: Extent) -> io::Result<()> {
    match extent {
        Extent::Whole => system::unlock(file),
        #[cfg(target_os = "linux")]
        Extent::Bytes(bytes) => bytes::unlock(file, bytes),
    }
}

/// Opens the file, creating it if need be, without touching what is in it.
///
/// For reading and writing, because network file systems only lock exclusively what is open for
/// writing; not through a symbolic link at the end of the path, which in a shared directory could
/// lead anywhere; and, as std always does, not to be inherited by programs that are started.
///
/// Created only if it is not there: in a directory that everybody may write to, Linux can refuse to
/// create what is there already and is another user's (`fs.protected_regular`). Others may create
/// or remove it between two looks; then it is looked at again.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    naming::do_not_follow(&mut options);
    let file = loop {
        match options.create_new(false).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => break opened?,
        }
        match options.create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => break created?,
        }
    };
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// Opens once more what `file` has open, so that the kernel takes the two for different owners of
/// locks.
pub(crate) fn open_again(file: &File, path: &Path) -> io::Result<File> {
    // By its descriptor, which finds the file also after it was removed or renamed.
    if let Ok(again) = naming::open_descriptor(file) {
        return Ok(again);
    }
    let again = OpenOptions::new().read(true).write(true).open(path)?;
    if identity(&again, path)? == identity(file, path)? {
        Ok(again)
    } else {
        Err(io::Error::new(io::ErrorKind::NotFound, "another file has taken its place"))
    }
}

/// Which file the path leads to now, if there is one.
pub(crate) fn identity_at(path: &Path) -> io::Result<Option<Identity>> {
    match naming::identity_at(path) {
        Ok(identity) => Ok(Some(identity)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notices that this process is a forked child, in which everything looks as in its parent.
#[derive(Debug)]
pub(crate) struct Process(#[cfg(unix)] forkguard::Guard);

impl Process {
    /// The process that runs now.
    pub(crate) fn current() -> Self {
        #[cfg(unix)]
        return Self(forkguard::new());
        #[cfg(not(unix))]
        Self()
    }

    /// Whether that was another process. No system call: a child counts up a number when it starts.
    #[inline]
    pub(crate) fn is_gone(&self) -> bool {
        #[cfg(unix)]
        return self.0.clone().detected_fork();
        #[cfg(not(unix))]
        false
    }
}
