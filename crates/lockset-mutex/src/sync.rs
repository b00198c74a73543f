//! The seam to the system: words that threads share, spin on, and sleep on.
//!
//! The locks above say *when* to spin, sleep and wake; what that means is chosen here. Linux has
//! sleeping on a word as a system call; elsewhere a table of condition variables does the same;
//! under a model checker it is a queue that the checker can see. No other file knows which.
//!
//! There are two checkers. Loom goes through all interleavings of a few threads, weak orderings
//! included. Shuttle draws some interleavings of many threads, and knows one order only.
//!
//! Two things that loom 0.7 cannot see as they are written are said differently here, so that every
//! lock above can be checked as it ships:
//!
//! - A plain **store** that races with a read-modify-write breaks the latter's atomicity in loom
//!   (tokio-rs/loom#254). So `store` is an exchange under the checker, and a store elsewhere.
//! - **Spinning** has endlessly many interleavings. So a waiter calls `pause` between two
//!   looks, which under the checker sleeps until the word has another value. Being woken orders
//!   memory; a look that succeeds at once does not pause, so the orderings are checked there.

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

#[cfg(lockset_loom)]
pub(crate) use loom as checker;
#[cfg(all(lockset_shuttle, not(lockset_loom)))]
pub(crate) use shuttle as checker;

#[cfg(any(lockset_loom, lockset_shuttle))]
pub use imp::expire_deadlines;
#[allow(
    unused_imports,
    reason = "the seam offers the same on every side, whatever is used of it"
)]
pub(crate) use imp::{
    BUCKETS, Parker, Pointer, SPINS, Word, YIELDS, fence, global, has_passed, heat, local, pace,
    spin_hint, yield_now,
};

pub(crate) use tally::Tally;

/// Why a thread that slept is awake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It was woken, or need not have slept, or woke for no reason: look again.
    Woken,
    /// The deadline has passed, and nobody's wake-up was spent on it.
    TimedOut,
}
