//! A lease on paper: what another process needs to take it over.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Fence, Name};

use crate::{Mode, RequestId};

/// A lease that is between two holders, as a text: made by
/// [`RemoteLease::into_ticket`](crate::RemoteLease::into_ticket) and used by
/// [`Locks::resume`](crate::Locks::resume).
///
/// Nobody renews it meanwhile, so it is good for what [`remaining`](lockset_api::Lease::remaining)
/// said when it was made. Whoever has the text can use it, so keep it from those who must not, and
/// use it **once**: two who resume one ticket both believe that they hold the lock, with one fence.
///
/// ```
/// # use lockset_api::{Lease, Lock};
/// # use lockset_remote::{Locks, Ticket, sqlite::Sqlite};
/// # let dir = tempfile::tempdir().unwrap();
/// # let locks = Locks::new(Sqlite::open(dir.path().join("locks.db"))?);
/// let lease = locks.lock("billing")?.lock()?;
/// let fence = lease.fence();
/// let text = lease.into_ticket().to_string();
///
/// // In another thread or process:
/// let ticket: Ticket = text.parse()?;
/// let resumed = locks.resume(ticket)?;
/// assert_eq!(resumed.fence(), fence);
/// # Ok::<(), lockset_api::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    pub(crate) id: RequestId,
    pub(crate) names: Arc<[Name]>,
    pub(crate) mode: Mode,
    pub(crate) ttl: Duration,
    pub(crate) fence: Fence,
}

/// Says what it is, and which version of the form it has.
const FORM: &str = "lockset-lease-1";

impl Ticket {
    /// The fence of the lease, which stays what it was.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }
}

/// One line a name behind the first; no name has a line break in it.
impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, fence, ttl, .. } = self;
        let mode = match self.mode {
            Mode::Exclusive => "exclusive".into(),
            Mode::Shared => "shared".into(),
            Mode::Permits { n, of } => format!("{n}/{of}"),
        };
        write!(f, "{FORM} {id} {fence} {} {mode}", ttl.as_millis())?;
        self.names.iter().try_for_each(|name| write!(f, "\n{name}"))
    }
}

impl FromStr for Ticket {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| {
            Error::new(ErrorKind::Config, "not a lease's ticket, or not the whole of it")
        })
    }
}

fn parse(text: &str) -> Option<Ticket> {
    let mut lines = text.lines();
    let mut words = lines.next()?.split(' ');
    if words.next()? != FORM {
        return None;
    }
    let id = words.next()?.parse().ok()?;
    let fence = Fence::new(words.next()?.parse().ok()?);
    let ttl = Duration::from_millis(words.next()?.parse().ok()?);
    let mode = match words.next()? {
        "exclusive" => Mode::Exclusive,
        "shared" => Mode::Shared,
        permits => {
            let (n, of) = permits.split_once('/')?;
            Mode::Permits { n: n.parse().ok()?, of: of.parse().ok()? }
        }
    };
    let names: Arc<[Name]> = lines.map(|line| Name::new(line).ok()).collect::<Option<_>>()?;
    (words.next().is_none() && !names.is_empty()).then_some(Ticket { id, names, mode, ttl, fence })
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the id: whoever reads it could use the ticket.
        let mut ticket = f.debug_struct("Ticket");
        ticket.field("names", &self.names).field("fence", &self.fence).finish_non_exhaustive()
    }
}
