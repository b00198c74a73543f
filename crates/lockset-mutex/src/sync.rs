//! The seam to the system: one word that threads can sleep on.
//!
//! The lock above says *when* to sleep and wake; what that means is chosen here. Linux has it as a
//! system call; elsewhere a table of condition variables does the same; under the model checker it
//! is a queue that loom can see. No other file knows which.

#[cfg(not(lockset_loom))]
#[path = "sync/system.rs"]
mod imp;

#[cfg(lockset_loom)]
#[path = "sync/model.rs"]
mod imp;

#[cfg(lockset_loom)]
pub use imp::expire_deadlines;
pub(crate) use imp::{Futex, SPINS, spin_hint};

/// Why a thread that slept is awake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It was woken, or need not have slept, or woke for no reason: look again.
    Woken,
    /// The deadline has passed, and nobody's wake-up was spent on it.
    TimedOut,
}
