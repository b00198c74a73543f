//! Stage 3, **back off**: who failed waits longer before it tries again.
//!
//! *What stage 2 breaks*: when the owner unlocks, all n waiters see `FREE` at once, and all n try.
//! One succeeds; n - 1 exchanges were for nothing, and each has moved the cache line once more,
//! away from the new owner. Here each failure doubles the pause before the next look, so the
//! waiters spread out in time, and few look at a given moment.
//!
//! | | |
//! |---|---|
//! | states | `FREE`, `HELD` |
//! | read-modify-writes, lock and unlock without contention | 1 |
//! | cache lines a hand-over moves | the lock's, to the few that happen to look |
//! | overtaking | without bound, and worse than before: who has waited long looks seldom |
//! | owner preempted | every waiter burns its time slice for nothing |
//! | size | 4 bytes |
//!
//! # Notes about memory ordering
//!
//! As in stage 1; the looks are Relaxed, as in stage 2.
//!
//! # Source
//!
//! T. Anderson, *The Performance of Spin Lock Alternatives for Shared-Memory Multiprocessors*
//! (1990). There the pause is random as well, which keeps two waiters from looking in step.
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::BackOff, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use lock_api::{GuardNoSend, RawMutex};

use crate::sync::Word;

const FREE: u32 = 0;
const HELD: u32 = 1;

/// The longest pause, in turns of the processor's hint. It bounds how long a lock stays free while
/// its only waiter is not looking: a few microseconds.
const MOST_TURNS: u32 = 256;

/// A lock whose waiters look less and less often.
#[derive(Debug)]
pub struct BackOff {
    word: Word,
}

// SAFETY: Only the exchange that found `FREE` hands out guard state, and only `unlock`, which takes
// that state back, stores `FREE`. The orderings are those of the notes above.
unsafe impl RawMutex for BackOff {
    const INIT: Self = Self { word: Word::new(FREE) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        let mut turns = 1;
        while self.is_locked() || !self.take() {
            self.word.pause(HELD, turns);
            turns = MOST_TURNS.min(turns * 2);
        }
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
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

impl BackOff {
    #[inline]
    fn take(&self) -> bool {
        self.word.swap(HELD, Acquire) == FREE
    }
}
