//! A runtime for those rivals that need one: of a single thread, the contender's own.

use tokio::runtime::{Builder, Runtime};

/// Runs only while something is waited for on it.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}
