//! What can go wrong with a lock that files and servers keep.

use core::fmt;
use std::error::Error as StdError;
use std::time::Duration;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a lock could not be taken, kept or given back.
///
/// Match on [`Error::kind`]; the message names the lock and how long was waited, and
/// [`source`](StdError::source) is the file system's or the server's own error. That a deadline
/// passed is no error: `lock_until` answers it with `Ok(None)`.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    lock: Option<String>,
    waited: Option<Duration>,
    detail: String,
    source: Option<Source>,
}

/// The kinds of [`Error`] that a caller can act upon differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server or file system cannot be reached; nothing was locked.
    Unavailable,
    /// The reply was lost, so it is not known whether the lock was taken or given back; whatever
    /// came of it is being undone, and ends with the lease at the latest.
    Unknown,
    /// The lease was lost before the operation.
    Lost,
    /// The server or file system does not permit it.
    Denied,
    /// The lock cannot have this name.
    InvalidName,
    /// This lock cannot do that at all.
    Unsupported,
    /// The lock was closed for good.
    Closed,
    /// The configuration is wrong: a URL, a duration, a number of permits.
    Config,
    /// None of the above.
    Other,
}

impl Error {
    /// An error of this kind; `detail` says what happened and, where it can, what to do.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let (lock, waited, source) = (None, None, None);
        Self(Box::new(Inner { kind, lock, waited, detail: detail.into(), source }))
    }

    /// Names the lock.
    #[must_use]
    pub fn with_lock(mut self, lock: impl fmt::Display) -> Self {
        self.0.lock = Some(lock.to_string());
        self
    }

    /// Says how long the caller had waited.
    #[must_use]
    pub fn with_waited(mut self, waited: Duration) -> Self {
        self.0.waited = Some(waited);
        self
    }

    /// Keeps what the file system or the server said.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Turns any lock's error into this one; an [`Error`] comes through unchanged.
    pub(crate) fn erase(error: impl StdError + Send + Sync + 'static) -> Self {
        let error: Source = Box::new(error);
        match error.downcast::<Self>() {
            Ok(ours) => *ours,
            Err(other) => Self::new(ErrorKind::Other, other.to_string()).with_source(other),
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// How long the caller had waited for the lock, where that is known.
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        self.0.waited
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "unavailable",
            Self::Unknown => "outcome unknown",
            Self::Lost => "lease lost",
            Self::Denied => "denied",
            Self::InvalidName => "invalid name",
            Self::Unsupported => "unsupported",
            Self::Closed => "closed",
            Self::Config => "bad configuration",
            Self::Other => "failed",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(lock) = &self.0.lock {
            write!(f, "lock {lock:?}: ")?;
        }
        write!(f, "{}: {}", self.0.kind, self.0.detail)?;
        if let Some(waited) = self.0.waited {
            write!(f, " (after {waited:.1?})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = self.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

impl From<core::convert::Infallible> for Error {
    fn from(never: core::convert::Infallible) -> Self {
        match never {}
    }
}
