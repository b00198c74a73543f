//! The store of the last step: one account in a SQLite database, which can check fences.

use std::path::Path;
use std::time::Duration;

use lockset::Fence;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::error::{Context, Result};

/// How long one process waits for another's transaction, which takes the time of a disk sync.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the store refuses a fence that is lower than one it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FenceCheck {
    Off,
    On,
}

/// What the store says to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Refused,
}

/// An account that every process opens on its own.
pub(crate) struct Store(Connection);

impl Store {
    /// Makes a new account with so many cents.
    pub(crate) fn create(path: &Path, cents: i64) -> Result<Self> {
        let store = Self::open(path)?;
        let schema = "
            DROP TABLE IF EXISTS account;
            CREATE TABLE account (name TEXT PRIMARY KEY, cents INTEGER, fence INTEGER);";
        let insert = "INSERT INTO account VALUES ('shared', ?1, 0)";
        let Self(connection) = &store;
        connection
            .execute_batch(schema)
            .and_then(|()| connection.execute(insert, [cents]))
            .context(format!("cannot make an account in {}", path.display()))?;
        Ok(store)
    }

    pub(crate) fn open(path: &Path) -> Result<Self> {
        let cannot = || format!("cannot open the store {}", path.display());
        let connection = Connection::open(path).context(cannot())?;
        connection.busy_timeout(BUSY_TIMEOUT).context(cannot())?;
        Ok(Self(connection))
    }

    pub(crate) fn read(&self) -> Result<i64> {
        self.0
            .query_row("SELECT cents FROM account WHERE name = 'shared'", [], |row| row.get(0))
            .context("cannot read the account")
    }

    /// Writes a balance that was worked out under this fence.
    ///
    /// The check and the write are one statement: were they two, another could write in between.
    pub(crate) fn write(&self, cents: i64, fence: Fence, check: FenceCheck) -> Result<Answer> {
        let update = match check {
            FenceCheck::Off => "UPDATE account SET cents = ?1, fence = ?2 WHERE name = 'shared'",
            FenceCheck::On => {
                "UPDATE account SET cents = ?1, fence = ?2 WHERE name = 'shared' AND fence <= ?2"
            }
        };
        let fence = i64::try_from(fence.value()).context("a fence that SQLite cannot hold")?;
        match self.0.execute(update, [cents, fence]).context("cannot write the account")? {
            0 => Ok(Answer::Refused),
            _ => Ok(Answer::Accepted),
        }
    }
}
