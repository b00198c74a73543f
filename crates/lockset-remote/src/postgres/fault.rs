//! What an error of the client means for a lock.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::setup::GRANTS;
use crate::store::StoreError;

/// An exchange of an established session failed.
pub(super) fn failed(error: Error) -> StoreError {
    let Some(state) = error.code() else { return StoreError::interrupted(error) };
    // A cancelled statement, by a late order of ours for instance, is no refusal of the lock.
    if is_end_of_session(state) || *state == SqlState::QUERY_CANCELED {
        return StoreError::interrupted(error);
    }
    refused(error)
}

/// Whether the server has answered that it has no session to spare: all in all, or for this user.
pub(super) fn is_full(error: &StoreError) -> bool {
    core::iter::successors(core::error::Error::source(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<Error>())
        .any(|error| error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS))
}

/// A session could not be established: nothing was asked of it yet.
pub(super) fn not_connected(error: Error) -> StoreError {
    let Some(state) = error.code() else {
        return match error.is_closed() || is_of_the_wire(&error) {
            true => StoreError::unreachable(error),
            false => StoreError::refused(error),
        };
    };
    if is_end_of_session(state)
        || *state == SqlState::TOO_MANY_CONNECTIONS
        || *state == SqlState::CANNOT_CONNECT_NOW
    {
        return StoreError::unreachable(error);
    }
    refused(error)
}

/// Whether it was the connection that failed, and not what was said on it.
pub(super) fn is_of_the_wire(error: &Error) -> bool {
    core::iter::successors(core::error::Error::source(error), |error| error.source())
        .any(|error| error.is::<std::io::Error>())
}

/// Whether the server says by this that it ends the session.
fn is_end_of_session(state: &SqlState) -> bool {
    const IDLE_SESSION_TIMEOUT: &str = "57P05";
    // Since version 17; it ends the session.
    const TRANSACTION_TIMEOUT: &str = "25P04";
    *state == SqlState::ADMIN_SHUTDOWN
        || *state == SqlState::CRASH_SHUTDOWN
        || [IDLE_SESSION_TIMEOUT, TRANSACTION_TIMEOUT].contains(&state.code())
        || state.code().starts_with("08")
}

/// What to do about it, where that is known.
fn refused(error: Error) -> StoreError {
    let advice = match error.code().map(SqlState::code) {
        Some("42501") => &format!("the user needs: {GRANTS}"),
        Some("42P01" | "3F000") => "a table of the schema lockset has been removed; connect anew",
        // Prepared statements are of a session.
        Some("26000" | "42P05") => POOLED,
        _ => return StoreError::refused(error),
    };
    StoreError::refused(format!("{}; {advice}", described(&error)))
}

/// The server's words, which are not in the client's error itself.
pub(super) fn described(error: &Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
}

/// What is wrong where the next statement may be run by another session.
pub(super) const POOLED: &str = "the connection is not a session of its own: a pooler in front of \
     the server (PgBouncer, for instance) gives each transaction to whichever session is free, and \
     a lock would be taken in one and given back in another; connect to the server itself, or to a \
     pool in session mode";

/// Whether a wait for a lock was ended by its own limit, or by a cancel request.
pub(super) fn is_end_of_wait(error: &Error) -> bool {
    error.code().is_some_and(|state| {
        *state == SqlState::LOCK_NOT_AVAILABLE || *state == SqlState::QUERY_CANCELED
    })
}
