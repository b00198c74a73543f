//! The answer to one who has waited for as long as he wanted.

use core::fmt;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

use lockset_api::{Error, ErrorKind};

use crate::status::Status;

/// Why [`FileLock::lock_within`](crate::FileLock::lock_within) has not got the lock.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// Somebody else had it all the time.
    TimedOut(TimedOut),
    /// It could not be locked, whoever had it.
    Failed(Error),
}

/// Whom one has waited for in vain, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimedOut {
    /// The lock file.
    pub path: PathBuf,
    /// How long was waited.
    pub waited: Duration,
    /// Who held it and who waited when the time was over; `None` if the system does not tell. Who
    /// held it may have left since, or be in another container, so nobody may be named.
    pub status: Option<Status>,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.status {
            Some(status) if !status.holders.is_empty() => write!(f, "{status}")?,
            // It is not for nobody that one has waited.
            _ => f.write_str("held by somebody")?,
        }
        write!(f, "; gave up after {:.1?}", self.waited)
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(timed_out) => write!(f, "{timed_out}"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl StdError for WaitError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::TimedOut(_) => None,
            Self::Failed(error) => error.source(),
        }
    }
}

impl From<Error> for WaitError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// For callers to whom a lock that they do not get is a failure like any other.
impl From<WaitError> for Error {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::TimedOut(timed_out) => {
                let waited = timed_out.waited;
                Self::new(ErrorKind::Unavailable, timed_out.to_string()).with_waited(waited)
            }
            WaitError::Failed(error) => error,
        }
    }
}
