//! The seam to the system: the mutex around the queue, and how a thread sleeps until it is woken.
//!
//! No other file knows whether it runs on the real machine or under the model checker.

#[cfg(not(lockset_loom))]
#[path = "sync/system.rs"]
mod imp;

#[cfg(lockset_loom)]
#[path = "sync/model.rs"]
mod imp;

#[cfg(lockset_loom)]
pub use imp::expire_deadlines;
pub(crate) use imp::{Mutex, block_until};
