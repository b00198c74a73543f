//! Transactions without a lock: the least that whoever keeps a lease in SQLite has to make.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub(crate) struct Bare {
    connection: Connection,
    /// As which of SQLite's settings each of the two is made.
    synchronous: [&'static str; 2],
}

impl Bare {
    pub(crate) fn open(path: &Path, synchronous: [&'static str; 2]) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        // As `lockset-remote` sets them.
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute_batch(
            "CREATE TABLE lease (name TEXT PRIMARY KEY, held INTEGER NOT NULL) WITHOUT ROWID;
             INSERT INTO lease VALUES ('bench', 0);",
        )?;
        Ok(Self { connection, synchronous })
    }

    /// One transaction, `inside`, and another one.
    pub(crate) fn section(&self, inside: impl FnOnce()) -> rusqlite::Result<()> {
        let [first, second] = self.synchronous;
        self.set(true, first)?;
        inside();
        self.set(false, second)
    }

    fn set(&self, held: bool, synchronous: &str) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "synchronous", synchronous)?;
        let immediate = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(&self.connection, immediate)?;
        transaction
            .prepare_cached("UPDATE lease SET held = ?1 WHERE name = 'bench'")?
            .execute([held])?;
        transaction.commit()
    }
}
