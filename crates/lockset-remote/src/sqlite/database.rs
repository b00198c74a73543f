//! The database file: opened, of this version, and still the one at its path.

#[cfg(test)]
mod tests;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};

use super::fault::{Fault, Trouble};
use super::ledger::{Ledger, Outlives, Reserve};
use super::{busy, clock};
use crate::store::StoreError;

/// One connection, and what it is to.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    path: PathBuf,
    /// The file that was opened: its device and number.
    file: (u64, u64),
    /// What the connection is set to.
    synchronous: Outlives,
    reserve: Reserve,
}

/// How long opening waits for other processes. Past this one of them is stuck.
const OPENING: Duration = Duration::from_secs(5);

/// How many fences of a lock go by between two syncs. A start of the machine makes them jump by no
/// more.
const RESERVE: i64 = 1000;

/// How many statements are kept ready: more than there are.
const STATEMENTS: usize = 64;

const SCHEMA: &str = include_str!("schema.sql");
const VERSION: i64 = 3;

impl Database {
    pub(super) fn open(path: PathBuf) -> Result<Self, Fault> {
        let until = Instant::now() + OPENING;
        busy::wait_until(until);
        let fault = |error| Fault::of(&path, error);
        let mut connection = Connection::open(&path).map_err(fault)?;
        let file = identity(&path).ok_or_else(|| Fault::new(&path, Trouble::CannotOpen))?;
        busy::handle(&mut connection).map_err(fault)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let synchronous = Outlives::PowerCut;
        let mut database = Self { connection, path, file, synchronous, reserve: Reserve::NONE };
        // Where several processes do this at once, SQLite answers some of them "busy" without
        // asking the handler: changing the journal's mode takes the whole file.
        for count in 0.. {
            match database.prepare() {
                Err(fault) if fault.is_busy() && busy::pause(count) => {}
                outcome => return outcome.map(|()| database),
            }
        }
        unreachable!("the counting ends with the time")
    }

    fn prepare(&mut self) -> Result<(), Fault> {
        let path = &*self.path;
        let fault = |error| Fault::of(path, error);
        // Readers, people with a shell among them, then never hold up a lock.
        let mode: String = self
            .connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .map_err(fault)?;
        if !mode.eq_ignore_ascii_case("wal") {
            return Err(Fault::new(path, Trouble::NoWal));
        }
        let synchronous = self.synchronous.synchronous();
        self.connection.pragma_update(None, "synchronous", synchronous).map_err(fault)?;
        let boot = clock::boot().ok_or_else(|| Fault::new(path, Trouble::NoBoot))?;
        // Of a file that may only be read, SQLite makes an immediate transaction a read.
        if self.connection.is_readonly("main").map_err(fault)? {
            return Err(Fault::new(path, Trouble::ReadOnly));
        }
        match state(&self.connection).map_err(fault)? {
            Some((VERSION, of)) if of == boot => can_write(&mut self.connection).map_err(fault)?,
            Some((version, _)) if version > VERSION => {
                return Err(Fault::new(path, Trouble::Newer));
            }
            _ => {
                let behavior = TransactionBehavior::Immediate;
                let transaction =
                    self.connection.transaction_with_behavior(behavior).map_err(fault)?;
                make(&transaction, &boot).map_err(fault)?;
                transaction.commit().map_err(fault)?;
            }
        }
        let base = "SELECT base FROM lockset_schema";
        let base = self.connection.query_row(base, [], |row| row.get(0)).map_err(fault)?;
        // Where one start of the machine looks like the other, nothing tells that of the fences
        // some are forgotten: each is synced.
        self.reserve = Reserve::of(base, if boot.is_empty() { 0 } else { RESERVE });
        Ok(())
    }

    /// Runs `work` in a transaction that excludes every other one from its start. If what it has
    /// written must outlive more than a process, it is run anew, and synced.
    pub(super) fn write<T>(
        &mut self,
        until: Instant,
        bell: &str,
        work: impl Fn(&mut Ledger<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        busy::wait_until(until);
        if identity(&self.path) != Some(self.file) {
            return Err(Fault::new(&self.path, Trouble::Replaced).undone());
        }
        for outlives in [Outlives::Process, Outlives::PowerCut] {
            let path = &*self.path;
            let undone = |error| Fault::of(path, error).undone();
            if self.synchronous != outlives {
                let synchronous = outlives.synchronous();
                self.connection.pragma_update(None, "synchronous", synchronous).map_err(undone)?;
                self.synchronous = outlives;
            }
            let behavior = TransactionBehavior::Immediate;
            let transaction =
                self.connection.transaction_with_behavior(behavior).map_err(undone)?;
            let mut ledger = Ledger::new(&transaction, bell, self.reserve);
            let answer = work(&mut ledger).map_err(undone)?;
            let must_outlive = ledger.must_outlive();
            if must_outlive > outlives {
                continue;
            }
            let ropes = ledger.close();
            transaction.commit().map_err(|error| Fault::of(path, error).in_doubt())?;
            if must_outlive == Outlives::PowerCut {
                self.reserve.believe();
            }
            ropes.iter().for_each(super::bell::Rope::pull);
            return Ok(answer);
        }
        unreachable!("nothing must outlive more than a power cut")
    }

    /// Runs `work` in a transaction that writes nothing, and so waits for nobody.
    pub(super) fn read<T>(
        &mut self,
        work: impl Fn(&Ledger<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        busy::wait_until(Instant::now() + OPENING);
        let path = &*self.path;
        let undone = |error| Fault::of(path, error).undone();
        let transaction = self.connection.transaction().map_err(undone)?;
        work(&Ledger::new(&transaction, "", self.reserve)).map_err(undone)
    }
}

/// Fails if the log beside the file may only be read. Who finds the file busy learns that it may
/// write when it does: whoever keeps it busy need not be waited for to open it.
fn can_write(connection: &mut Connection) -> rusqlite::Result<()> {
    busy::wait_until(Instant::now());
    match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        outcome => outcome.map(drop),
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

/// The tables of ours that are there.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'lockset_*'")?;
    tables.query_map([], |row| row.get(0))?.collect()
}

const VERSIONED: &str = "lockset_schema";
/// The only table of the first layout, which had no version; later ones have it as well.
const LEASES: &str = "lockset_lease";

/// The version of the tables, and of which start of the machine their times are.
fn state(connection: &Connection) -> rusqlite::Result<Option<(i64, String)>> {
    if !tables(connection)?.iter().any(|table| table == VERSIONED) {
        return Ok(None);
    }
    let state = "SELECT version, boot FROM lockset_schema";
    connection.query_row(state, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Makes the tables, or what they lack.
fn make(transaction: &Transaction<'_>, boot: &str) -> rusqlite::Result<()> {
    match state(transaction)? {
        Some((VERSION, _)) => {}
        Some(_) => transaction.execute_batch(FROM_SECOND)?,
        None => {
            let is_older = tables(transaction)?.iter().any(|table| table == LEASES);
            if is_older {
                transaction.execute_batch("ALTER TABLE lockset_lease RENAME TO lockset_lease_1")?;
            }
            transaction.execute_batch(SCHEMA)?;
            transaction.execute("UPDATE lockset_schema SET boot = ?1", [boot])?;
            if is_older {
                from_first(transaction, boot)?;
            }
        }
    }
    let other_boot =
        transaction.execute("UPDATE lockset_schema SET boot = ?1 WHERE boot <> ?1", [boot])?;
    if other_boot > 0 {
        transaction.execute_batch(OTHER_BOOT)?;
        transaction.execute("UPDATE lockset_schema SET base = base + ?1", [RESERVE])?;
    }
    Ok(())
}

/// Of an earlier start of the machine: whoever held or waited cannot have survived. What was not
/// synced may be lost, whole rows of locks too, and of the fences that were put aside any may have
/// been handed out.
const OTHER_BOOT: &str = "
    DELETE FROM lockset_lease;
    DELETE FROM lockset_waiter;
    UPDATE lockset_lock SET fence = ceiling WHERE fence < ceiling";

/// The second layout put no fences aside. Whoever still works with it syncs each that it grants.
const FROM_SECOND: &str = "
    ALTER TABLE lockset_lock ADD COLUMN ceiling INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE lockset_schema ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
    UPDATE lockset_schema SET version = 3";

/// Fences go on, and so do the leases of this start of the machine. Whoever still works with the
/// first layout finds its columns gone, and fails: the new table has the name of the old one.
fn from_first(transaction: &Transaction<'_>, boot: &str) -> rusqlite::Result<()> {
    let (exclusive, now) = (crate::Mode::Exclusive.weight(), clock::now());
    transaction
        .execute_batch("INSERT INTO lockset_lock SELECT name, fence, 0 FROM lockset_lease_1")?;
    transaction.execute(
        "INSERT INTO lockset_lease
         SELECT name, request, ?2, fence, ?3, expires_ms * 1000000, coalesce(holder, ''), NULL, NULL
         FROM lockset_lease_1 WHERE request IS NOT NULL AND boot = ?1",
        params![boot, exclusive, now],
    )?;
    transaction.execute_batch("DROP TABLE lockset_lease_1")
}
