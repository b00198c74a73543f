//! One request for a lock, named before anything is sent.

use core::fmt;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Name};

/// What tells one request from every other, anywhere: 128 random bits.
///
/// It is chosen before the first byte goes out. Whatever then becomes of the request - a lost
/// reply, a dropped future, a process that has moved on - releasing this id undoes it, and nothing
/// else: a later holder of the same lock has another id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u128);

impl RequestId {
    pub(crate) fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::new(ErrorKind::Other, "the system gives no random numbers").with_source(error)
        })?;
        Ok(Self(u128::from_ne_bytes(bytes)))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A request for a lock, as a [`LeaseStore`](crate::LeaseStore) sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Who owns what this request may come to own.
    pub id: RequestId,
    /// The lock.
    pub name: Name,
    /// How long a grant or a renewal lasts, by the server's clock. At least 20 ms.
    pub ttl: Duration,
    /// Who asks, for people to read: program, process and machine.
    pub holder: String,
}

impl Request {
    /// A request with an id of its own, by this process. The engine makes those that are sent; this
    /// is for tests of a store.
    ///
    /// # Errors
    ///
    /// If the system gives no random numbers.
    pub fn new(name: Name, ttl: Duration) -> Result<Self, Error> {
        let holder = format!("{} (pid {}) on {}", program(), std::process::id(), machine());
        Ok(Self { id: RequestId::random()?, name, ttl, holder })
    }
}

fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    path.file_name().map_or_else(|| "?".into(), |name| name.to_string_lossy().into_owned())
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
