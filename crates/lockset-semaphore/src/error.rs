//! Why permits cannot be had.

use core::fmt;

use lockset_api::{Error, ErrorKind};

use crate::MAX_PERMITS;

/// Why waiting for permits is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcquireError {
    /// The semaphore was closed: nobody is granted anything any more.
    Closed,
    /// More permits were asked for than the semaphore has in all.
    TooMany {
        /// The permits that were asked for.
        asked: usize,
        /// The permits that the semaphore had in all when this was found.
        limit: usize,
    },
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the semaphore is closed"),
            Self::TooMany { asked, limit } => {
                let permits = if *asked == 1 { "permit" } else { "permits" };
                write!(f, "{asked} {permits} asked of a semaphore that has {limit} in all")
            }
        }
    }
}

impl core::error::Error for AcquireError {}

impl From<AcquireError> for Error {
    fn from(error: AcquireError) -> Self {
        let kind = match error {
            AcquireError::Closed => ErrorKind::Closed,
            AcquireError::TooMany { .. } => ErrorKind::Config,
        };
        Self::new(kind, error.to_string())
    }
}

/// A semaphore cannot have as many permits as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitError {
    /// The permits that it was to have.
    pub asked: usize,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.asked;
        write!(f, "a limit of {asked} permits; a semaphore has at most {MAX_PERMITS}")
    }
}

impl core::error::Error for LimitError {}
