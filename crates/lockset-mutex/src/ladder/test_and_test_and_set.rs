//! Stage 2, **test and test and set**: look before you leap.
//!
//! *What stage 1 breaks*: an exchange writes, even if it writes what was there. So every look of
//! every waiter takes the lock's cache line away from all others, the owner included, who needs it
//! in order to unlock. While one owner is in its section, n waiters that look k times move that
//! line n × k times. Here a waiter only reads, which all can do at once from their own copies of
//! the line: n moves, one for each waiter, when the owner has written.
//!
//! | | |
//! |---|---|
//! | states | `FREE`, `HELD` |
//! | read-modify-writes, lock and unlock without contention | 1 |
//! | cache lines a hand-over moves | the lock's: to each of n waiters, and again as each tries |
//! | overtaking | without bound |
//! | owner preempted | every waiter burns its time slice for nothing |
//! | size | 4 bytes |
//!
//! # Notes about memory ordering
//!
//! As in stage 1. A look only decides whether to try, so it is Relaxed; a lock that was entered
//! on the strength of a look alone is the mutant `a look is enough`.
//!
//! # Source
//!
//! L. Rudolph and Z. Segall, *Dynamic Decentralized Cache Schemes for MIMD Parallel Processors*
//! (1984).
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::TestAndTestAndSet, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use lock_api::{GuardNoSend, RawMutex};

use crate::sync::Word;

const FREE: u32 = 0;
const HELD: u32 = 1;

/// A lock that is exchanged only when it looks free.
#[derive(Debug)]
pub struct TestAndTestAndSet {
    word: Word,
}

// SAFETY: Only the exchange that found `FREE` hands out guard state, and only `unlock`, which takes
// that state back, stores `FREE`. The orderings are those of the notes above.
unsafe impl RawMutex for TestAndTestAndSet {
    const INIT: Self = Self { word: Word::new(FREE) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        while !self.take() {
            while self.is_locked() {
                self.word.pause(HELD, 1);
            }
        }
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
        // A lock that is held is not disturbed by who does not mean to wait for it.
        (!self.is_locked() && self.take()).then(GuardNoSend::new)
    }

    // SAFETY: the caller owns the acquisition, so nobody else changes `HELD`.
    #[inline]
    unsafe fn unlock(&self, _guard: GuardNoSend) {
        self.word.store(FREE, Release);
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.word.load(Relaxed) != FREE
    }
}

impl TestAndTestAndSet {
    #[inline]
    fn take(&self) -> bool {
        self.word.swap(HELD, Acquire) == FREE
    }
}
