//! The seam between the waiting and the system: the kernel's lock, threads, time, and what threads
//! share.
//!
//! No other file knows whether it runs on the real machine or under a model checker, where other
//! processes are threads of the model (`Outsider`), and the kernel's lock is a table. There are two
//! checkers, as [`lockset_sync`] says.
//!
//! What is at once and never fails is left out of it: opening a file is done for real in a model,
//! too.

#[cfg(not(any(lockset_loom, lockset_shuttle)))]
#[path = "sync/system.rs"]
mod imp;

#[cfg(any(lockset_loom, lockset_shuttle))]
#[path = "sync/model.rs"]
mod imp;

#[cfg(any(lockset_loom, lockset_shuttle))]
#[path = "sync/kernel.rs"]
pub(crate) mod kernel;

use lockset_api::Deadline;

#[cfg(any(lockset_loom, lockset_shuttle))]
pub use imp::join_helpers;
#[cfg(any(lockset_loom, lockset_shuttle))]
pub use kernel::{Outsider, is_awaited, refuse_the_helper};
#[cfg(any(lockset_loom, lockset_shuttle))]
pub(crate) use lockset_sync::checker;
#[cfg(any(lockset_loom, lockset_shuttle))]
pub use lockset_sync::expire_deadlines;

#[cfg(not(any(lockset_loom, lockset_shuttle)))]
pub(crate) use imp::kernel;
pub(crate) use imp::{
    AtomicBool, AtomicU8, AtomicU64, Condvar, Mutex, MutexGuard, Thread, current, few, now, spawn,
    spin,
};

/// Whether `deadline` has passed.
pub(crate) fn has_passed(deadline: Deadline) -> bool {
    deadline.instant().is_some_and(lockset_sync::has_passed)
}

/// Sleeps until this thread is woken or `deadline` has passed, or for no reason. A wake-up that
/// comes before is kept, so none is missed.
pub(crate) fn park(deadline: Deadline) {
    imp::park(deadline.instant());
}
