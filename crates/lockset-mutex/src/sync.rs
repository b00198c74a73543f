//! The seam to the system: `lockset-sync`'s, which all locks of threads share, and what only the
//! mutexes need: how long to spin, what is static, the two fences, and tallies.
//!
//! The locks above say *when* to spin, sleep and wake. No other file knows whether that is on a
//! real machine or under a model checker.

#[cfg(not(any(lockset_loom, lockset_shuttle)))]
#[path = "sync/system.rs"]
mod imp;

#[cfg(any(lockset_loom, lockset_shuttle))]
#[path = "sync/model.rs"]
mod imp;

mod tally;

#[cfg(not(any(lockset_loom, lockset_shuttle)))]
#[path = "sync/asymmetric.rs"]
mod asymmetric;

#[cfg(any(lockset_loom, lockset_shuttle))]
#[path = "sync/model/asymmetric.rs"]
mod asymmetric;

pub(crate) use asymmetric::{Refused, heavy_fence, light_fence};

#[cfg(any(lockset_loom, lockset_shuttle))]
pub(crate) use lockset_sync::checker;
#[cfg(any(lockset_loom, lockset_shuttle))]
pub use lockset_sync::expire_deadlines;

pub(crate) use imp::{BUCKETS, SPINS, YIELDS, global, heat, local, pace, step_aside};
pub(crate) use lockset_sync::{Parker, Pointer, Waited, Word, has_passed, spin_hint, yield_now};
pub(crate) use tally::Tally;
