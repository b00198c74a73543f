//! Leases in a SQLite database: a real database, no server, for the processes of one machine.
//!
//! | table | one row each |
//! |---|---|
//! | `lockset_lock` | each lock there ever was, with its latest `fence` and a `ceiling` of them |
//! | `lockset_lease` | each holder of a lock |
//! | `lockset_waiter` | each waiter for a lock, with its `place` in the line |
//! | `lockset_schema` | the version of these, the start of the machine they are of, the `base` |
//!
//! The first is kept for ever, since fences must go on rising; a power cut may take rows that were
//! not synced, and then the `base` stands for them. A holder's row says how much of the
//! lock it has ([`Mode`]), since when and until when, with which fence, and who it is;
//! a waiter's what it asks for, and by which bell it is to be woken. A database of an earlier
//! version is brought up to this one when it is opened; one of a later version is refused. It may
//! have other tables, of whatever program.
//!
//! Each exchange is one immediate transaction. A process that is killed leaves at most one that was
//! not committed, which whoever comes next rolls back.
//!
//! # What is synced to disk
//!
//! A power cut ends every lease, so of leases nothing need survive it, and renewals and releases
//! wait for no disk, but for the one in some hundred that brings SQLite's log in. But no fence may
//! be handed out twice. So of every lock a thousand fences are put aside when the machine has
//! started, and a thousand more by whoever needs them. That is synced before any of them is handed
//! out, by each process before its first grant; the grants that have one of them are not. When the
//! machine has started anew, each lock goes on behind all that were put aside. In this way [the
//! timestamp oracle of Percolator] hands out its numbers. Where the system does not say that the
//! machine was started anew, on others than Linux, each grant is synced.
//!
//! [the timestamp oracle of Percolator]: https://research.google/pubs/pub36726/
//!
//! # What bounds its safety
//!
//! The TTL, on one clock: the machine's time since it started, which all its processes share and
//! nobody can set. A lease of an earlier start has expired: its holder cannot have survived. Hence
//! the database must lie on a disk of this machine, and all who open it must run on one kernel, in
//! one time namespace; network file systems break SQLite's own locks too.
//!
//! Fences rise as long as the file is there. While the machine runs it must not lose what was
//! written to it, as that on a disk that is pulled out. Who finds that the file at the path is not
//! the one that it has open, because it was deleted or replaced, refuses to work with either.
//!
//! # Waiting
//!
//! Whoever cannot be granted the lock stands in line, in the order in which the attempts were
//! committed, whichever process they came from. A release hands the lock to the first in line, in
//! the same transaction, and then rings that one's bell: a datagram socket, which each store has
//! one of, whatever its number of waiters (`sqlite/bell.rs` says why that, and not a file). The
//! waiter's process wakes up, reads what it was granted, and nobody else has done anything. A
//! waiter whose process has ended is found out before it is granted anything, and skipped.
//!
//! A ring can be missing: the releaser was killed just before it, the waiter is in another network
//! namespace, or the system is not Linux. And nobody hands over for a holder that died. So while
//! somebody waits, a store also looks by itself, once for all who wait in it, every 100 ms, on
//! other systems every 10 ms. That costs two reads, which hold nobody up. So a lock is free for
//! the next at the latest when the TTL of a dead holder is over and one such time more.
//!
//! A waiter asks again after 10 s at the latest, which keeps its place: one that has not been heard
//! of for 30 s loses it.
//!
//! A lease that was handed over counts from the time of the transaction that did it, which all
//! processes read on the same clock, never from when its holder heard of it.
//!
//! # In the way of others
//!
//! Transactions of other programs on the same file are waited for, in tries that begin with
//! 50 µs and end with 5 ms: for as long as the answer is of use, and 5 s at the most. Then the
//! error says that the database is locked, and by what it may be.

mod bell;
mod busy;
mod clock;
mod database;
mod fault;
mod ledger;
mod worker;

use std::path::{self, PathBuf};
use std::time::{Duration, Instant};

use lockset_api::{Error, ErrorKind, Fence, Name};
use tokio::time::timeout;

use crate::store::{Attempt, LeaseStore, Op, Raised, Renewed, Status, Wake, Withdrawn};
use crate::{Mode, Request};
use database::Database;
use ledger::{Claim, Ledger};
use worker::Worker;

/// The leases of one database file.
#[derive(Debug)]
pub struct Sqlite {
    label: String,
    worker: Worker,
}

/// How long a waiter keeps its place without being heard of.
const PLACE: Duration = Duration::from_secs(30);

/// The longest that an exchange waits for other programs' transactions.
const LONGEST: Duration = Duration::from_secs(5);

impl Sqlite {
    /// Opens the database at `path`, creating it and its tables if need be.
    ///
    /// # Errors
    ///
    /// `Config` for what SQLite takes for no file at all, an empty path or `:memory:`, since nobody
    /// could share such a lock; `Unavailable` when the file cannot be opened, is no database, is
    /// locked by another program for 5 s, or has no room; `Denied` when it may not be written;
    /// `Unsupported` when a later version of this crate has made its tables. Each says what to do.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
            let why =
                format!("{path:?} is no file: a lease needs one that others can open as well");
            return Err(Error::new(ErrorKind::Config, why));
        }
        let label = format!("sqlite:{}", path.display());
        // SQLite takes what starts with `file:` for a URI, whose options could switch locking off.
        // An absolute path never does; where there is none, the file cannot be opened either.
        let path = path::absolute(&path).unwrap_or(path);
        let database = Database::open(path).map_err(|fault| fault.at_open(&label))?;
        let worker = Worker::start(database).map_err(|error| {
            let why = format!("cannot start the thread that works with {label}");
            Error::new(ErrorKind::Other, why).with_source(error)
        })?;
        Ok(Self { label, worker })
    }

    /// Runs `work` in an immediate transaction, unless others are in the way for longer than
    /// `patience`, the time spent in the queue of this process included.
    fn write<'a, T: Send + 'static>(
        &'a self,
        patience: Duration,
        work: impl Fn(&mut Ledger<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Op<'a, T> {
        let until = Instant::now() + patience;
        Box::pin(self.worker.run(move |desk| desk.database.write(until, desk.bell.address(), work)))
    }
}

impl LeaseStore for Sqlite {
    fn label(&self) -> &str {
        &self.label
    }

    /// All of it: any names, in any mode.
    fn check(&self, _: &[Name], _: Mode) -> Result<(), Error> {
        Ok(())
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        let (claim, stay) = (Claim::from(request), patience.min(PLACE));
        self.write(patience_of(request), move |ledger| ledger.attempt(&claim, stay))
    }

    fn wait<'a>(&'a self, request: &'a Request, _: u32, held: Duration) -> Op<'a, Wake> {
        Box::pin(async move {
            let news = self.worker.listen(request.id)?;
            Ok(match timeout(held, news).await {
                Ok(Ok(wake)) => wake,
                Ok(Err(_)) | Err(_) => Wake::Retry,
            })
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        let claim = Claim::from(request);
        // The engine gives each try of a renewal a quarter of the TTL.
        self.write(patience_of(request) / 4, move |ledger| ledger.renew(&claim))
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        let claim = Claim::from(request);
        self.write(patience_of(request), move |ledger| ledger.release(&claim))
    }

    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        let name = name.as_str().to_owned();
        Box::pin(self.worker.run(move |desk| desk.database.read(|ledger| ledger.status(&name))))
    }

    /// Nothing else is needed for a quorum: a file that is there has forgotten nothing.
    fn raise<'a>(&'a self, request: &'a Request, fence: Fence) -> Op<'a, Raised> {
        let claim = Claim::from(request);
        let fence = i64::try_from(fence.value()).unwrap_or(-1);
        self.write(patience_of(request), move |ledger| ledger.raise(&claim, fence))
    }
}

/// How long an exchange about a request may wait for other programs: a bit less than the engine
/// waits for its answer, so that the error can say what is in the way.
fn patience_of(request: &Request) -> Duration {
    request.ttl.min(LONGEST) * 9 / 10
}
