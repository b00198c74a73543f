//! The seam to the system: `lockset-sync`'s, which all locks of threads share, and what only the
//! semaphore needs: a word as large as the machine's, and the lock of the queue.
//!
//! No other file knows whether it runs on the real machine or under a model checker. There are two
//! checkers: loom goes through all interleavings of a few threads, weak orderings included; shuttle
//! draws some interleavings of many threads, and knows one order only.

#[cfg(not(any(lockset_loom, lockset_shuttle)))]
#[path = "sync/system.rs"]
mod imp;

#[cfg(any(lockset_loom, lockset_shuttle))]
#[path = "sync/model.rs"]
mod imp;

#[cfg(not(lockset_loom))]
mod cell;

use lockset_api::Deadline;

#[cfg(any(lockset_loom, lockset_shuttle))]
pub(crate) use lockset_sync::checker;
#[cfg(any(lockset_loom, lockset_shuttle))]
pub use lockset_sync::expire_deadlines;

pub(crate) use imp::{Atomic, Cell, Condvar, Mutex, PlainGuard, PlainMutex, Word, spin};
pub(crate) use lockset_sync::{Parker, Thread, Waited, Word as Word32, current};

/// Whether `deadline` has passed.
pub(crate) fn has_passed(deadline: Deadline) -> bool {
    deadline.instant().is_some_and(lockset_sync::has_passed)
}

/// Sleeps until this thread is woken or `deadline` has passed, or for no reason. A wake-up that
/// comes before is kept, so none is missed.
pub(crate) fn park(deadline: Deadline) {
    lockset_sync::park(deadline.instant());
}
