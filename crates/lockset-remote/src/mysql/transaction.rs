//! Locks in a transaction of MySQL's or MariaDB's.
//!
//! Of rows only. A lock of a name, `GET_LOCK`, is the session's and outlives a rollback; and
//! `LOCK TABLES` commits whatever transaction it comes in. So both are refused, with what serves
//! instead: a lease for the name, and all rows of the table for the table.
//!
//! The server locks every row that it looks at, not only those that it returns. So what rows are
//! chosen and ordered by should be an index: without one, whoever claims a job locks all of them.
//!
//! It takes MySQL 8.0.1 or MariaDB 10.6 for all of it: what is older knows no `SKIP LOCKED`.

use lockset_api::Name;
use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row, Transaction, Value};

use super::fault::{Said, said};
use crate::transaction::{
    Contention, Dialect, Error, ErrorKind, Rows, Strength, Table, TransactionLocks,
};

/// After a deadlock the server has rolled the transaction back by itself, and runs what still comes
/// as if there had been none: let it go, by rolling it back.
impl TransactionLocks for Transaction<'_> {
    type Row = Row;
    type Value<'v> = Value;

    async fn lock_name(&mut self, _: &Name, _: Strength) -> Result<(), Error> {
        Err(no_names())
    }

    async fn try_lock_name(&mut self, _: &Name, _: Strength) -> Result<Option<()>, Error> {
        Err(no_names())
    }

    async fn lock_rows(
        &mut self,
        rows: &Rows,
        values: &[Self::Value<'_>],
    ) -> Result<Vec<Row>, Error> {
        let (wanted, given) = (rows.values(), values.len());
        if wanted != given {
            let why = format!("{wanted} values are needed, one a column, and not {given}");
            return Err(Error::new(ErrorKind::Config, why));
        }
        // MariaDB counts from 10. An older server might take the words for a table's other name.
        if rows.contention() != Contention::Wait && self.server_version() < (8, 0, 1) {
            let why = "before version 8.0.1, MySQL waits for every row that is locked";
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        let statement = rows.statement(Dialect::MySql)?;
        let values = match values {
            [] => Params::Empty,
            values => Params::Positional(values.to_vec()),
        };
        self.exec(statement, values).await.map_err(failed)
    }

    async fn lock_table(&mut self, _: &Table, _: Strength) -> Result<(), Error> {
        Err(no_tables())
    }

    async fn try_lock_table(&mut self, _: &Table, _: Strength) -> Result<Option<()>, Error> {
        Err(no_tables())
    }
}

fn no_names() -> Error {
    let why = "MySQL's GET_LOCK is not undone when the transaction ends: lock a row, or take a \
               lease of that name";
    Error::new(ErrorKind::Unsupported, why)
}

fn no_tables() -> Error {
    let why = "MySQL's LOCK TABLES commits the transaction it comes in: lock all rows of the \
               table, Rows::of(table)";
    Error::new(ErrorKind::Unsupported, why)
}

fn failed(error: mysql_async::Error) -> Error {
    let (kind, detail) = match said(&error) {
        Said::Deadlock => (ErrorKind::Deadlock, "the server has rolled the transaction back"),
        Said::Locked => (ErrorKind::NotAvailable, "not to be had at once, or not for so long"),
        Said::Changed => (ErrorKind::Serialization, "a row was changed since it was first read"),
        Said::Gone => (ErrorKind::Disconnected, "the connection to the server broke"),
        Said::Other => (ErrorKind::Other, "the rows could not be locked"),
    };
    Error::new(kind, detail).with_source(error)
}
