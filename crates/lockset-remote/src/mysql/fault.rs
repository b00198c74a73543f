//! What an error of the client or the server means: not heard, not known whether heard, or heard
//! and refused.

use mysql_async::{Error, ServerError};

use crate::store::StoreError;

/// No such table.
const NO_TABLE: u16 = 1146;
/// The server, or somebody there, ended the session: a shutdown, a kill, its silence.
const ENDED: &[u16] = &[1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031];
/// The same for one statement.
const STOPPED: &[u16] = &[1317, 1969, 3024];
/// Nothing was done, and it may be possible later: too many connections, a row that is locked, a
/// server that only reads.
const NOT_NOW: &[u16] = &[1040, 1203, 1205, 1213, 1226, 1290, 1792, 1836, 3100];

/// An exchange on a connection.
pub(super) fn failed(error: Error) -> StoreError {
    match &error {
        Error::Server(answer) if STOPPED.contains(&answer.code) => StoreError::interrupted(error),
        Error::Server(answer) if ENDED.contains(&answer.code) => StoreError::interrupted(error),
        Error::Server(answer) if NOT_NOW.contains(&answer.code) => StoreError::unreachable(error),
        // The latter is our own, of a table that could not be made.
        Error::Server(_) | Error::Other(_) => StoreError::refused(error),
        _ => StoreError::interrupted(error),
    }
}

/// An attempt to connect. Whoever answers, but does not let us in or is no such server, has been
/// reached.
pub(super) fn not_connected(error: Error) -> StoreError {
    match &error {
        Error::Server(answer) if ENDED.contains(&answer.code) || NOT_NOW.contains(&answer.code) => {
            StoreError::unreachable(error)
        }
        Error::Io(_) | Error::Driver(mysql_async::DriverError::ConnectionClosed) => {
            StoreError::unreachable(error)
        }
        _ => StoreError::refused(error),
    }
}

/// Whether the server has answered that it has no connection to spare, at all or for this user.
pub(super) fn is_full(error: &StoreError) -> bool {
    const FULL: &[u16] = &[1040, 1203, 1226];
    core::iter::successors(core::error::Error::source(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<Error>())
        .any(|error| matches!(error, Error::Server(answer) if FULL.contains(&answer.code)))
}

/// Whether the connection is of no use any more, and the answer unknown.
pub(super) fn is_broken(error: &Error) -> bool {
    match error {
        Error::Server(ServerError { code, .. }) => ENDED.contains(code),
        Error::Other(_) => false,
        _ => true,
    }
}

pub(super) fn lacks_table(error: &Error) -> bool {
    matches!(error, Error::Server(answer) if answer.code == NO_TABLE)
}

/// What an error in a transaction means to the one who is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// 1213, upon which the transaction has been rolled back; 1614 in a distributed one.
    Deadlock,
    /// 3572 is MySQL's for `NOWAIT`. 1205 is for a wait that took too long, and MariaDB's for both.
    Locked,
    /// 1020, where MariaDB's snapshots are strict.
    Changed,
    Gone,
    Other,
}

pub(super) fn said(error: &Error) -> Said {
    match error {
        Error::Server(ServerError { code: 1213 | 1614, .. }) => Said::Deadlock,
        Error::Server(ServerError { code: 1205 | 3572, .. }) => Said::Locked,
        Error::Server(ServerError { code: 1020, .. }) => Said::Changed,
        Error::Server(ServerError { code, .. }) if ENDED.contains(code) => Said::Gone,
        Error::Io(_) | Error::Driver(mysql_async::DriverError::ConnectionClosed) => Said::Gone,
        _ => Said::Other,
    }
}
