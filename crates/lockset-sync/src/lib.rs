//! The seam to the system that the locks of threads share: words that threads spin on and sleep on,
//! pointers, parking, and what a deadline is.
//!
//! **Not for use by others**: it is here because `lockset-mutex`, `lockset-semaphore` and
//! `lockset-file` have it in common, and it changes as they do. Take one of those.
//!
//! The locks say *when* to spin, sleep and wake; what that means is chosen here. Linux has sleeping
//! on a word as a system call; elsewhere a table of condition variables does the same; under a
//! model checker it is a queue that the checker can see. No lock knows which.
//!
//! ```
//! # #[cfg(not(any(lockset_loom, lockset_shuttle)))] {
//! use lockset_sync::Word;
//! use std::sync::atomic::Ordering::{Acquire, Release};
//!
//! static IS_OPEN: Word = Word::new(0);
//!
//! std::thread::scope(|scope| {
//!     scope.spawn(|| {
//!         while IS_OPEN.load(Acquire) == 0 {
//!             IS_OPEN.wait(0, None);
//!         }
//!     });
//!     IS_OPEN.store(1, Release);
//!     IS_OPEN.wake(1);
//! });
//! # }
//! ```
//!
//! There are two checkers. Loom goes through all interleavings of a few threads, weak orderings
//! included. Shuttle draws some interleavings of many threads, and knows one order only. One clock
//! per model, for all locks in it: `expire_deadlines` makes it strike.
//!
//! Two things that loom 0.7 cannot see as they are written are said differently here, so that every
//! lock can be checked as it ships:
//!
//! - A plain **store** that races with a read-modify-write breaks the latter's atomicity in loom
//!   (tokio-rs/loom#254). So `store` is an exchange under the checker, and a store elsewhere.
//! - **Spinning** has endlessly many interleavings. So a waiter calls `pause` between two
//!   looks, which under the checker sleeps until the word has another value. Being woken orders
//!   memory; a look that succeeds at once does not pause, so the orderings are checked there.

#[cfg(not(any(lockset_loom, lockset_shuttle)))]
#[path = "system.rs"]
mod imp;

#[cfg(any(lockset_loom, lockset_shuttle))]
#[path = "model.rs"]
mod imp;

#[cfg(lockset_loom)]
pub use loom as checker;
#[cfg(all(lockset_shuttle, not(lockset_loom)))]
pub use shuttle as checker;

pub use imp::{
    Parker, Pointer, Thread, Word, current, fence, has_passed, park, spin_hint, yield_now,
};
#[cfg(any(lockset_loom, lockset_shuttle))]
pub use imp::{expire_deadlines, explore};

/// Why a thread that slept is awake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a sleep ends in these two ways")]
pub enum Waited {
    /// It was woken, or need not have slept, or woke for no reason: look again.
    Woken,
    /// The deadline has passed, and nobody's wake-up was spent on it.
    TimedOut,
}
