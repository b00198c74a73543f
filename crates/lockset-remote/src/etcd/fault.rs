//! What an error of etcd means: not heard, not known whether heard, or heard and refused.

use core::error::Error as _;

use etcd_client::Error;
use tonic::Code;

use crate::store::StoreError;

/// An exchange on a connection.
pub(super) fn failed(error: Error) -> StoreError {
    match &error {
        Error::GRpcStatus(status) => match status.code() {
            // The server says so before it does anything.
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::FailedPrecondition
            | Code::ResourceExhausted
            | Code::OutOfRange
            | Code::Unimplemented => StoreError::refused(error),
            _ => StoreError::interrupted(error),
        },
        Error::LeaseKeepAliveError(why) if why.contains(NOT_FOUND) => StoreError::refused(error),
        _ => StoreError::interrupted(error),
    }
}

/// What is said of a lease that is no more, by the server and by its client.
pub(super) const NOT_FOUND: &str = "lease not found";

/// The login on a new connection. Whoever answers, but does not let us in, has been reached.
pub(super) fn not_let_in(error: Error) -> StoreError {
    let error = failed(error);
    if error.is_refusal() { error } else { StoreError::unreachable(error) }
}

/// What the server itself said, if it was that.
fn said(error: &StoreError) -> Option<&tonic::Status> {
    match error.source()?.downcast_ref()? {
        Error::GRpcStatus(status) => Some(status),
        _ => None,
    }
}

/// Whether the session of the exchange is no more.
pub(super) fn is_session_gone(error: &StoreError) -> bool {
    match error.source().and_then(|source| source.downcast_ref()) {
        Some(Error::GRpcStatus(status)) => {
            status.code() == Code::NotFound && status.message().contains(NOT_FOUND)
        }
        Some(Error::LeaseKeepAliveError(why)) => why.contains(NOT_FOUND),
        _ => false,
    }
}

/// Whether the server has forgotten who we are, as it does after some minutes.
pub(super) fn is_login_over(error: &StoreError) -> bool {
    said(error).is_some_and(|status| status.code() == Code::Unauthenticated)
}
