//! Leases in a SQLite database: a real database, no server, for the processes of one machine.
//!
//! One row a lock, kept for ever, since its fence must go on rising:
//!
//! | column | |
//! |---|---|
//! | `name` | the lock |
//! | `fence` | the fence of the latest grant |
//! | `request` | the id that was granted it, or NULL when it was given back |
//! | `holder` | who that is, for people to read |
//! | `boot`, `expires_ms` | until when, on which start of the machine's clock |
//!
//! Each exchange is one immediate transaction. A grant is synced to disk before it is answered, so
//! that a fence that was handed out survives a power cut. Renewals and releases are not: the same
//! power cut ends every lease. So a disk that is slow to sync holds up no renewal.
//!
//! The clock is the machine's time since it started, which all its processes share and nobody can
//! set. A lease of an earlier start has expired: its holder cannot have survived. Hence the
//! database must lie on a disk of this machine; network file systems break SQLite's own locks too.

mod clock;
mod worker;

use std::path::{self, Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Error, ErrorKind, Fence};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::pauses::Pauses;
use crate::store::{Attempt, LeaseStore, Op, Raised, Renewed, StoreError, Wake, Withdrawn};
use crate::{Request, RequestId};
use clock::Clock;
use worker::Worker;

/// The lease table of one database file.
#[derive(Debug)]
pub struct Sqlite {
    label: String,
    worker: Worker,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS lockset_lease (
        name TEXT PRIMARY KEY,
        fence INTEGER NOT NULL,
        request TEXT,
        holder TEXT,
        boot TEXT NOT NULL,
        expires_ms INTEGER NOT NULL
    ) WITHOUT ROWID";

/// How long a transaction may wait for those of other processes, each of which takes the time of a
/// disk sync. Past this the disk is stuck, and that is an error to be told.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The first pause between two attempts, and the longest, to which it doubles. Looking costs a
/// fraction of a millisecond and holds nobody up for longer.
const PAUSES: Pauses =
    Pauses { first: Duration::from_millis(1), longest: Duration::from_millis(25) };

impl Sqlite {
    /// Opens the database at `path`, creating it and its table if need be.
    ///
    /// # Errors
    ///
    /// `Config` for what SQLite takes for no file at all, an empty path or `:memory:`, since nobody
    /// could share such a lock; `Unavailable` when the file cannot be opened or is no database,
    /// `Denied` when it may not be written.
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
        let worker = connect(&path).and_then(Worker::start).map_err(|error| {
            let kind = match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::PermissionDenied) => {
                    ErrorKind::Denied
                }
                _ => ErrorKind::Unavailable,
            };
            Error::new(kind, format!("cannot open {label} for leases")).with_source(error)
        })?;
        Ok(Self { label, worker })
    }

    /// Runs `work` in an immediate transaction, which excludes every other one from its start.
    fn transact<'a, T: Send + 'static>(
        &'a self,
        outlives: Outlives,
        work: impl FnOnce(&Transaction<'_>, &Clock) -> rusqlite::Result<T> + Send + 'static,
    ) -> Op<'a, T> {
        Box::pin(self.worker.run(move |connection, clock| {
            let behavior = TransactionBehavior::Immediate;
            connection
                .pragma_update(None, "synchronous", outlives.synchronous())
                .map_err(StoreError::unreachable)?;
            let transaction =
                connection.transaction_with_behavior(behavior).map_err(StoreError::unreachable)?;
            let result = work(&transaction, clock).map_err(StoreError::refused)?;
            transaction.commit().map_err(StoreError::interrupted)?;
            Ok(result)
        }))
    }
}

/// What a committed transaction is safe from.
#[derive(Clone, Copy)]
enum Outlives {
    /// The death of any process, which the system's memory survives.
    Process,
    /// That, and the machine's.
    PowerCut,
}

impl Outlives {
    /// SQLite's word for it, in WAL mode.
    fn synchronous(self) -> &'static str {
        match self {
            Self::Process => "NORMAL",
            Self::PowerCut => "FULL",
        }
    }
}

impl LeaseStore for Sqlite {
    fn label(&self) -> &str {
        &self.label
    }

    fn attempt<'a>(&'a self, request: &'a Request, _: Duration) -> Op<'a, Attempt> {
        let request = request.clone();
        self.transact(Outlives::PowerCut, move |transaction, clock| {
            attempt(transaction, clock, &request)
        })
    }

    fn wait<'a>(&'a self, _: &'a Request, round: u32, held: Duration) -> Op<'a, Wake> {
        PAUSES.wait(round, held)
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        let (name, id, ttl) = (name_of(request).to_owned(), request.id.to_string(), request.ttl);
        self.transact(Outlives::Process, move |transaction, clock| {
            let mut renew = transaction.prepare_cached(
                "UPDATE lockset_lease SET expires_ms = ?4
                 WHERE name = ?1 AND request = ?2 AND boot = ?3 AND expires_ms > ?5",
            )?;
            let until = clock.after(ttl);
            let rows = renew.execute(params![name, id, clock.boot(), until, clock.now()])?;
            Ok(if rows == 1 { Renewed::Yes } else { Renewed::Gone })
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        let (name, id) = (name_of(request).to_owned(), request.id);
        self.transact(Outlives::Process, move |transaction, clock| {
            release(transaction, clock, &name, id)
        })
    }

    /// Nothing else is needed for a quorum: a file that is there has forgotten nothing.
    fn raise<'a>(&'a self, request: &'a Request, fence: Fence) -> Op<'a, Raised> {
        let (name, id) = (name_of(request).to_owned(), request.id.to_string());
        self.transact(Outlives::PowerCut, move |transaction, clock| {
            let mut raise = transaction.prepare_cached(
                "UPDATE lockset_lease SET fence = ?4
                 WHERE name = ?1 AND request = ?2 AND boot = ?3 AND expires_ms > ?5
                     AND fence <= ?4",
            )?;
            let fence = i64::try_from(fence.value()).unwrap_or(-1);
            let rows = raise.execute(params![name, id, clock.boot(), fence, clock.now()])?;
            Ok(if rows == 1 { Raised::Yes } else { Raised::No })
        })
    }
}

/// Opens the database and makes sure that it is as described above.
///
/// Where several processes do this at once, SQLite answers some of them "busy" without waiting:
/// changing the journal's mode takes the whole file. That passes, so it is tried again.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let until = Instant::now() + BUSY_TIMEOUT;
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    loop {
        match prepare(&connection) {
            Err(error) if is_busy(&error) && Instant::now() < until => thread::sleep(PAUSES.first),
            outcome => return outcome.map(|()| connection),
        }
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // Readers, people with a shell among them, then never hold up a lock.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.execute(SCHEMA, []).map(drop)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

/// The engine asks for one name at a time, as the check has it.
fn name_of(request: &Request) -> &str {
    request.names[0].as_str()
}

fn attempt(
    transaction: &Transaction<'_>,
    clock: &Clock,
    request: &Request,
) -> rusqlite::Result<Attempt> {
    let name = name_of(request);
    let mut query = transaction.prepare_cached(
        "SELECT fence, CASE WHEN request IS NULL OR boot <> ?2 THEN 0 ELSE expires_ms END
         FROM lockset_lease WHERE name = ?1",
    )?;
    let row: Option<(i64, i64)> = query
        .query_row(params![name, clock.boot()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (latest, expires) = row.unwrap_or((0, 0));
    if expires > clock.now() {
        let held = u64::try_from(expires - clock.now()).unwrap_or(0);
        return Ok(Attempt::Busy { held: Duration::from_millis(held) });
    }
    // SQLite's numbers end at 2^63; a floor beyond that is no clock's.
    let floor = request.floor.map_or(0, |floor| i64::try_from(floor.value()).unwrap_or(0));
    let fence = floor.max(latest + 1);
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO lockset_lease (name, fence, request, holder, boot, expires_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            name,
            fence,
            request.id.to_string(),
            &*request.holder,
            clock.boot(),
            clock.after(request.ttl),
        ])?;
    Ok(Attempt::Granted(Fence::new(fence.cast_unsigned())))
}

fn release(
    transaction: &Transaction<'_>,
    clock: &Clock,
    name: &str,
    id: RequestId,
) -> rusqlite::Result<Withdrawn> {
    let mut query = transaction.prepare_cached(
        "SELECT boot = ?3 AND expires_ms > ?4 FROM lockset_lease
         WHERE name = ?1 AND request = ?2",
    )?;
    let id = id.to_string();
    let live: Option<bool> = query
        .query_row(params![name, id, clock.boot(), clock.now()], |row| row.get(0))
        .optional()?;
    transaction
        .prepare_cached(
            "UPDATE lockset_lease SET request = NULL, holder = NULL
             WHERE name = ?1 AND request = ?2",
        )?
        .execute(params![name, id])?;
    Ok(if live == Some(true) { Withdrawn::Freed } else { Withdrawn::NotHeld })
}
