//! Locks in a transaction of the caller's.
//!
//! | lock | statement | ends |
//! |---|---|---|
//! | a name | `pg_advisory_xact_lock`, with the [`key`] of its name | with the transaction |
//! | rows | `SELECT … FOR UPDATE` or `FOR SHARE` | likewise, or by `ROLLBACK TO` one before |
//! | a table | `LOCK TABLE … IN SHARE MODE` or `IN ACCESS EXCLUSIVE MODE` | likewise |
//!
//! So a name that is locked here excludes the leases of that name, and the other way round. How
//! long a wait may last is said by `SET LOCAL lock_timeout`, of which [`limit_waits`] is the short
//! form.

use std::time::Duration;

use lockset_api::Name;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Transaction};

use super::key;
use crate::transaction::{
    Contention, Dialect, Error, ErrorKind, Rows, Strength, Table, TransactionLocks,
};

/// Limits each wait for a lock in this transaction, from here on; none with [`Duration::MAX`].
/// Longer waits end with [`ErrorKind::NotAvailable`].
///
/// # Errors
///
/// As any statement.
pub async fn limit_waits(transaction: &mut Transaction<'_>, limit: Duration) -> Result<(), Error> {
    // At least a millisecond, as nothing at all means for ever; which is also beyond three weeks.
    let millis = i32::try_from(limit.as_millis().max(1)).unwrap_or(0).to_string();
    let set = "SELECT set_config('lock_timeout', $1, true)";
    let set = transaction.query_typed(set, &[(&millis, Type::TEXT)]).await;
    set.map(drop).map_err(|error| explain(error, "limit its waits"))
}

impl TransactionLocks for Transaction<'_> {
    type Row = Row;
    type Value<'v> = &'v (dyn ToSql + Sync);

    async fn lock_name(&mut self, name: &Name, strength: Strength) -> Result<(), Error> {
        let lock = format!("SELECT pg_advisory_xact_lock{}($1)", suffix(strength));
        let locked = self.query_typed(&lock, &[(&key(name), Type::INT8)]).await;
        locked.map(drop).map_err(|error| explain(error, &format!("lock {:?}", name.as_str())))
    }

    async fn try_lock_name(
        &mut self,
        name: &Name,
        strength: Strength,
    ) -> Result<Option<()>, Error> {
        let explain = |error| explain(error, &format!("lock {:?}", name.as_str()));
        let lock = format!("SELECT pg_try_advisory_xact_lock{}($1)", suffix(strength));
        let row = self.query_typed_one(&lock, &[(&key(name), Type::INT8)]).await;
        let got: bool = row.and_then(|row| row.try_get(0)).map_err(explain)?;
        Ok(got.then_some(()))
    }

    async fn lock_rows(
        &mut self,
        rows: &Rows,
        values: &[Self::Value<'_>],
    ) -> Result<Vec<Row>, Error> {
        let select = rows.statement(Dialect::Postgres)?;
        if values.len() != rows.values() {
            let (needed, given) = (rows.values(), values.len());
            let why = format!("{needed} values are needed, and {given} were given");
            return Err(Error::new(ErrorKind::Config, why));
        }
        let explain = |error| explain(error, "lock rows");
        if rows.contention() != Contention::Refuse {
            return self.query(&select, values).await.map_err(explain);
        }
        // A refusal would otherwise be the end of the transaction.
        let savepoint = self.savepoint("lockset").await.map_err(explain)?;
        let locked = savepoint.query(&select, values).await;
        end(savepoint, locked).await.map_err(explain)
    }

    async fn lock_table(&mut self, table: &Table, strength: Strength) -> Result<(), Error> {
        let lock = lock_table(table, strength, "")?;
        self.batch_execute(&lock).await.map_err(|error| explain(error, "lock a table"))
    }

    async fn try_lock_table(
        &mut self,
        table: &Table,
        strength: Strength,
    ) -> Result<Option<()>, Error> {
        let lock = lock_table(table, strength, " NOWAIT")?;
        let explain = |error| explain(error, "lock a table");
        let savepoint = self.savepoint("lockset").await.map_err(explain)?;
        let locked = savepoint.batch_execute(&lock).await;
        match end(savepoint, locked).await.map_err(explain) {
            Err(error) if error.kind() == ErrorKind::NotAvailable => Ok(None),
            locked => locked.map(Some),
        }
    }
}

/// Keeps what was done since the savepoint, or undoes it if that failed.
async fn end<T>(
    savepoint: Transaction<'_>,
    done: Result<T, tokio_postgres::Error>,
) -> Result<T, tokio_postgres::Error> {
    match done {
        Ok(done) => savepoint.commit().await.map(|()| done),
        Err(error) => savepoint.rollback().await.and(Err(error)),
    }
}

fn suffix(strength: Strength) -> &'static str {
    match strength {
        Strength::Exclusive => "",
        Strength::Shared => "_shared",
    }
}

fn lock_table(table: &Table, strength: Strength, wait: &str) -> Result<String, Error> {
    let mode = match strength {
        Strength::Exclusive => "ACCESS EXCLUSIVE",
        Strength::Shared => "SHARE",
    };
    Ok(format!("LOCK TABLE {} IN {mode} MODE{wait}", table.quoted(Dialect::Postgres)?))
}

fn explain(error: tokio_postgres::Error, doing: &str) -> Error {
    let kind = match error.code().map(tokio_postgres::error::SqlState::code) {
        Some("40P01") => ErrorKind::Deadlock,
        Some("55P03") => ErrorKind::NotAvailable,
        Some("40001") => ErrorKind::Serialization,
        Some("57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04") => ErrorKind::Disconnected,
        Some(state) if state.starts_with("08") => ErrorKind::Disconnected,
        None if error.is_closed() || super::fault::is_of_the_wire(&error) => {
            ErrorKind::Disconnected
        }
        _ => ErrorKind::Other,
    };
    let said = super::fault::described(&error);
    Error::new(kind, format!("cannot {doing}: {said}")).with_source(error)
}
