//! The seam to the system: the word that threads share, the lock of the queue, and how a thread
//! sleeps until it is woken.
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

#[cfg(lockset_loom)]
pub(crate) use loom as checker;
#[cfg(all(lockset_shuttle, not(lockset_loom)))]
pub(crate) use shuttle as checker;

#[cfg(any(lockset_loom, lockset_shuttle))]
pub use imp::expire_deadlines;
pub(crate) use imp::{Atomic, Cell, Mutex, Thread, Word, current, has_passed, park, spin};
