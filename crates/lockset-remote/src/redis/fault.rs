//! What an error of Redis means: not heard, not known whether heard, or heard and refused.

use core::error::Error as _;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::store::StoreError;

/// An exchange on a connection.
pub(super) fn failed(error: RedisError) -> StoreError {
    match error.kind() {
        // An answer that broke off in the middle is none.
        ErrorKind::Io | ErrorKind::Parse => StoreError::interrupted(error),
        _ if is_not_now(&error) => StoreError::unreachable(error),
        _ => StoreError::refused(error),
    }
}

/// An attempt to connect. Whoever answers, but does not let us in or is no Redis server, has been
/// reached.
pub(super) fn not_connected(error: RedisError) -> StoreError {
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse => StoreError::unreachable(error),
        _ if is_not_now(&error) => StoreError::unreachable(error),
        _ => StoreError::refused(error),
    }
}

/// Whether the server can do nothing for anybody at the moment. It says so before it does anything,
/// and to a script at its first change.
fn is_not_now(error: &RedisError) -> bool {
    use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
    let now = [BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain];
    now.iter().any(|kind| error.kind() == ErrorKind::Server(*kind))
        || matches!(error.code(), Some("BUSY" | "NOREPLICAS"))
        || says_read_only(error)
}

/// Before version 7 it is wrapped in the error of the script.
fn says_read_only(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.contains("-READONLY "))
}

/// What the server itself said, if it was that.
fn said(error: &StoreError) -> Option<&RedisError> {
    error.source()?.downcast_ref()
}

/// Whether the server is a replica, and not the master that it was taken for.
pub(super) fn is_demoted(error: &StoreError) -> bool {
    said(error).is_some_and(|error| {
        error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) || says_read_only(error)
    })
}

/// What a node says of a slot that it does not serve, or not alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Redirection {
    /// The slot has gone to this node, for good.
    Moved(String),
    /// The keys may already be on this node, to which the slot is going.
    Ask(String),
    /// The keys are on their way.
    TryAgain,
}

pub(super) fn redirection(error: &StoreError) -> Option<Redirection> {
    let error = said(error)?;
    let node = || error.redirect_node().map(|(node, _)| node.to_owned());
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::Moved) => node().map(Redirection::Moved),
        ErrorKind::Server(ServerErrorKind::Ask) => node().map(Redirection::Ask),
        ErrorKind::Server(ServerErrorKind::TryAgain) => Some(Redirection::TryAgain),
        _ => None,
    }
}
