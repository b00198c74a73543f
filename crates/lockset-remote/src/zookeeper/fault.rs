//! What an error of the client means: not heard, not known whether heard, or heard and refused.

use zookeeper_client::Error;

use crate::store::StoreError;

/// A request on a session that was connected when it was sent.
pub(super) fn failed(error: Error) -> StoreError {
    match error {
        // With the session, all that it had is gone as well.
        Error::SessionExpired | Error::ClientClosed | Error::NoHosts | Error::Timeout => {
            StoreError::unreachable(error)
        }
        // The server says that it has done nothing, and might another time.
        Error::Throttled | Error::NotReadOnly => StoreError::unreachable(error),
        _ if is_interrupted(&error) => StoreError::interrupted(error),
        _ => StoreError::refused(error),
    }
}

/// An attempt to make a session.
pub(super) fn not_connected(error: Error) -> StoreError {
    match error {
        Error::AuthFailed | Error::BadArguments(_) => StoreError::refused(error),
        Error::NoHosts => StoreError::unreachable("none of its servers answers"),
        _ => StoreError::unreachable(error),
    }
}

/// Whether the connection broke before the answer came.
pub(super) fn is_interrupted(error: &Error) -> bool {
    matches!(
        error,
        Error::ConnectionLoss
            | Error::SessionMoved
            | Error::Custom(_)
            | Error::UnexpectedError(_)
            | Error::UnmarshalError { .. }
    )
}
