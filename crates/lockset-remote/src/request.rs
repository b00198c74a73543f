//! One request for a lock, named before anything is sent.

mod id;
mod mode;

use core::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use lockset_api::{Error, Fence, Name};

pub use id::RequestId;
pub use mode::Mode;

/// A request for a lock, as a [`LeaseStore`](crate::LeaseStore) sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Who owns what this request may come to own.
    pub id: RequestId,
    /// The lock, or several that are wanted together. At least one, none of them twice.
    pub names: Arc<[Name]>,
    /// How much of each.
    pub mode: Mode,
    /// How long a grant or a renewal lasts, by the server's clock. At least 20 ms.
    pub ttl: Duration,
    /// Who asks, for people to read: program, process and machine.
    pub holder: Arc<str>,
    /// What for, if its maker says so.
    pub note: Option<Arc<str>>,
    /// In a quorum the least that its fence may be, and the sign that it is made for one: the
    /// fence is then the greater of this and the lock's last one plus one, and no clock of the
    /// server's is in it, so that servers which remember the same answer the same.
    pub floor: Option<Fence>,
}

/// Asked of the system once: it is in every request.
static HOLDER: LazyLock<Arc<str>> = LazyLock::new(|| {
    let who = format!("{} (pid {}) on {}", program(), std::process::id(), machine());
    who.replace(char::is_control, "?").into()
});

impl Request {
    /// A request with an id of its own, by this process. The engine makes those that are sent; this
    /// is for tests of a store.
    ///
    /// # Errors
    ///
    /// If the system gives no random numbers.
    pub fn new(name: Name, ttl: Duration) -> Result<Self, Error> {
        Self::of(Arc::new([name]), Mode::Exclusive, ttl)
    }

    /// The same for several names, or not for all of them.
    ///
    /// # Errors
    ///
    /// If the system gives no random numbers.
    pub fn of(names: Arc<[Name]>, mode: Mode, ttl: Duration) -> Result<Self, Error> {
        let (id, holder) = (RequestId::random()?, Arc::clone(&HOLDER));
        Ok(Self { id, names, mode, ttl, holder, note: None, floor: None })
    }

    /// The names, for messages.
    pub(crate) fn display_names(&self) -> DisplayNames<'_> {
        DisplayNames(&self.names)
    }
}

/// Several names as people write them.
pub(crate) struct DisplayNames<'a>(pub(crate) &'a [Name]);

impl fmt::Display for DisplayNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { " and " })?;
            name.fmt(f)?;
        }
        Ok(())
    }
}

fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    path.file_name().map_or_else(|| "?".into(), |name| name.to_string_lossy().into_owned())
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
