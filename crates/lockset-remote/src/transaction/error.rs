//! What can go wrong with a lock in a transaction.

use core::fmt;
use std::error::Error as StdError;

/// Why a lock could not be taken in a transaction. What the database said is its
/// [`source`](StdError::source).
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    detail: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`] that a caller can act upon differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Two transactions waited for each other, and this one was ended: roll back, begin again.
    Deadlock,
    /// It is locked, and was not to be waited for, or not for so long.
    NotAvailable,
    /// Another transaction came first, and the isolation level does not let that go unnoticed:
    /// roll back, begin again.
    Serialization,
    /// The connection broke: the transaction is over, and so are its locks. Whether a commit that
    /// was under way took place is not known.
    Disconnected,
    /// This database cannot do that in a transaction.
    Unsupported,
    /// What was asked for makes no sense: an identifier, a number of values.
    Config,
    /// None of the above: no such table, no permission.
    Other,
}

impl Error {
    /// An error of this kind; `detail` says what was to be done.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), source: None }
    }

    /// Keeps what the database said.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same transaction, run again from its beginning, may well succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Deadlock | ErrorKind::Serialization)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deadlock => "deadlock",
            Self::NotAvailable => "locked by another transaction",
            Self::Serialization => "overtaken by another transaction",
            Self::Disconnected => "disconnected",
            Self::Unsupported => "unsupported",
            Self::Config => "bad configuration",
            Self::Other => "failed",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.detail)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
