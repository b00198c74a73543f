//! What SQLite and the file system say, in words that tell what to do.

use core::fmt;
use std::path::Path;

use lockset_api::{Error, ErrorKind};
use rusqlite::ErrorCode;

use crate::store::StoreError;

/// An exchange that failed: which file, what is wrong with it, and what to do.
#[derive(Debug)]
pub(super) struct Fault {
    path: Box<Path>,
    trouble: Trouble,
    source: Option<rusqlite::Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Busy,
    ReadOnly,
    Damaged,
    Full,
    CannotOpen,
    /// The path is that of another file by now, or of none.
    Replaced,
    /// The tables are of a later version than this one knows.
    Newer,
    NoWal,
    NoBoot,
    Other,
}

impl Trouble {
    fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::CannotOpen) => Self::CannotOpen,
            _ => Self::Other,
        }
    }

    /// What is wrong, and what to do.
    fn advice(self) -> &'static str {
        match self {
            Self::Busy => {
                "another program keeps the database locked by a transaction of its own; let it \
                 end that (`fuser` names those who have the file open)"
            }
            Self::ReadOnly => {
                "it cannot be written; give this user the right to write the file and its \
                 directory, on a file system that is not mounted read-only"
            }
            Self::Damaged => {
                "it is damaged, or no SQLite database; see what `PRAGMA integrity_check` says, and \
                 restore it, or name another file"
            }
            Self::Full => "there is no room for more; make some on its file system",
            Self::CannotOpen => {
                "it cannot be opened; name a file, in a directory that exists and that this user \
                 may write"
            }
            Self::Replaced => {
                "the file was deleted or replaced while it was open, so others see another one; \
                 end all programs that have the old one open, and start them again"
            }
            Self::Newer => {
                "its tables were made by a later version of lockset; use that one here as well"
            }
            Self::NoWal => {
                "it cannot have a write-ahead log; put it on a file system of this machine, and \
                 close whatever has it open in another journal mode"
            }
            Self::NoBoot => {
                "the system does not say which start of the machine this is, so no time in it can \
                 be read; let this process see /proc/sys/kernel/random/boot_id"
            }
            Self::Other => "SQLite failed",
        }
    }
}

impl Fault {
    pub(super) fn new(path: &Path, trouble: Trouble) -> Self {
        Self { path: path.into(), trouble, source: None }
    }

    pub(super) fn of(path: &Path, error: rusqlite::Error) -> Self {
        Self { path: path.into(), trouble: Trouble::of(&error), source: Some(error) }
    }

    /// Of an exchange that has left no trace.
    pub(super) fn undone(self) -> StoreError {
        match self.trouble {
            // These last until somebody does something about them.
            Trouble::ReadOnly | Trouble::Damaged | Trouble::Newer => StoreError::refused(self),
            _ => StoreError::unreachable(self),
        }
    }

    /// Of a commit.
    pub(super) fn in_doubt(self) -> StoreError {
        match self.trouble {
            Trouble::Busy | Trouble::Full => self.undone(),
            _ => StoreError::interrupted(self),
        }
    }

    /// Of the attempt to open the database.
    pub(super) fn at_open(self, label: &str) -> Error {
        let kind = match self.trouble {
            Trouble::ReadOnly => ErrorKind::Denied,
            Trouble::Newer => ErrorKind::Unsupported,
            _ => ErrorKind::Unavailable,
        };
        let why = format!("cannot open {label} for leases: {}", self.trouble.advice());
        let error = Error::new(kind, why);
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.trouble == Trouble::Busy
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.trouble.advice())
    }
}

impl core::error::Error for Fault {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
