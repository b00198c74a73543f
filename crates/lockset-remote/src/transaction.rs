//! Locks inside a transaction of the caller's: they end when it ends.
//!
//! Where the work is done in a database anyway, a lock in its own transaction beats any lease: it
//! cannot be lost while the work goes on, since what would lose it undoes the work as well. So
//! there is no TTL here, no fence and no release: commit and rollback are the end of every lock.
//!
//! | lock | taken by | serves |
//! |---|---|---|
//! | a [name](TransactionLocks::lock_name) | the database's own names | what has no row yet |
//! | [rows](TransactionLocks::lock_rows) | `SELECT … FOR UPDATE`, `FOR SHARE` | what is changed |
//! | a [table](TransactionLocks::lock_table) | `LOCK TABLE` | changes to much of it at once |
//! | [one row that nobody has](TransactionLocks::claim) | `SKIP LOCKED` | queues of jobs |
//!
//! The trait is implemented for the transactions of the clients themselves, so whatever else the
//! caller does in them is untouched; a database without one of these says
//! [`Unsupported`](ErrorKind::Unsupported).
//!
//! # What can go wrong
//!
//! - **Deadlock**: two transactions that wait for each other. The database ends one of them; its
//!   caller sees [`ErrorKind::Deadlock`], rolls back, and begins again from the start. Taking locks
//!   in one order everywhere prevents it; retrying only the statement does not help.
//! - **Timeout**: a wait that was limited in the database. [`ErrorKind::NotAvailable`], which is
//!   also what a lock says that was not to be waited for.
//! - **Serialization failure**: where the isolation level promises it, a transaction whose reads
//!   are overtaken is ended: [`ErrorKind::Serialization`]. Begin again, as for a deadlock.
//!
//! A lock is only as good as the reads behind it: under `READ COMMITTED` read what the lock
//! protects *after* it was taken, or by the statement that locks the rows.

mod error;
mod rows;

use lockset_api::Name;

pub use error::{Error, ErrorKind};
pub use rows::{Contention, Dialect, Rows, Table};

/// Whether a lock is taken alone or together with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strength {
    /// Alone: `FOR UPDATE`.
    Exclusive,
    /// Together with others who share it: `FOR SHARE`.
    Shared,
}

/// A transaction in which locks can be taken. They last until it ends, and cannot be given back
/// before.
///
/// A refusal of what was not to be waited for leaves the transaction as it was. After any other
/// error it is to be rolled back.
///
/// Not cancel-safe: a future that is dropped may leave the lock taken, until the transaction ends.
pub trait TransactionLocks: Send {
    /// A row of this client's.
    type Row: Send;
    /// What this client takes for the value of a column.
    type Value<'v>: Send + Sync;

    /// Waits for the lock of a name: the same lock as the lease of that name, where the database
    /// keeps such leases.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] where names cannot be locked for a transaction, and as told
    /// [above](self).
    fn lock_name(
        &mut self,
        name: &Name,
        strength: Strength,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Takes the lock of a name if it can be had at once; `None` if not.
    ///
    /// # Errors
    ///
    /// As [`lock_name`](Self::lock_name).
    fn try_lock_name(
        &mut self,
        name: &Name,
        strength: Strength,
    ) -> impl Future<Output = Result<Option<()>, Error>> + Send;

    /// Locks some rows and reads them, as they are when they are locked. `values` are what the
    /// columns of [`Rows::matching`] must be equal to, in their order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAvailable`] with [`Contention::Refuse`] if one of them is locked, and as
    /// told [above](self).
    fn lock_rows(
        &mut self,
        rows: &Rows,
        values: &[Self::Value<'_>],
    ) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;

    /// Locks the first row that nobody has locked, and reads it: a job that is this transaction's
    /// until it ends. If it commits, having deleted or changed the row, the job is done; if it does
    /// not, because the worker died for instance, the job is there for the next one at once.
    ///
    /// `None` if there is none: all are locked, or there are none at all. It does not wait.
    ///
    /// # Errors
    ///
    /// As [`lock_rows`](Self::lock_rows).
    fn claim(
        &mut self,
        jobs: &Rows,
        values: &[Self::Value<'_>],
    ) -> impl Future<Output = Result<Option<Self::Row>, Error>> + Send {
        let one = jobs.clone().limit(1).when_locked(Contention::Skip);
        async move { Ok(self.lock_rows(&one, values).await?.pop()) }
    }

    /// Waits for the lock of a whole table: shared, nobody writes it; exclusive, nobody reads it
    /// either.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] where the database cannot do that in a transaction, and as told
    /// [above](self).
    fn lock_table(
        &mut self,
        table: &Table,
        strength: Strength,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Takes the lock of a table if it can be had at once; `None` if not.
    ///
    /// # Errors
    ///
    /// As [`lock_table`](Self::lock_table).
    fn try_lock_table(
        &mut self,
        table: &Table,
        strength: Strength,
    ) -> impl Future<Output = Result<Option<()>, Error>> + Send;
}
