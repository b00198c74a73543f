//! Stage 1, **test and set**: one word, one exchange.
//!
//! *Before it* there is a counter that forgets: two threads read it, both add one, both write the
//! same sum. Looking whether a flag is set and then setting it is no better, since both may look
//! before either sets: the mutant `test, then set` does so, and has two holders. The exchange looks
//! and sets in one step.
//!
//! | | |
//! |---|---|
//! | states | `FREE`, `HELD` |
//! | read-modify-writes, lock and unlock without contention | 1 |
//! | cache lines a hand-over moves | the lock's, and once more for each look of each waiter |
//! | overtaking | without bound: whoever's exchange comes first has it |
//! | owner preempted | every waiter burns its time slice for nothing |
//! | size | 4 bytes |
//!
//! # Notes about memory ordering
//!
//! A lock promises one edge: what a holder did happens before whatever the next holder does. The
//! store in `unlock` is the Release half, the exchange that reads it the Acquire half.
//!
//! # Source
//!
//! The instruction is that of the IBM System/360 (1964); as a lock it is the baseline of T.
//! Anderson, *The Performance of Spin Lock Alternatives for Shared-Memory Multiprocessors* (1990).
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::TestAndSet, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use lock_api::{GuardNoSend, RawMutex};

use crate::sync::Word;

const FREE: u32 = 0;
const HELD: u32 = 1;

/// A lock that is exchanged for `HELD` until it was `FREE`.
#[derive(Debug)]
pub struct TestAndSet {
    word: Word,
}

// SAFETY: Only the exchange that found `FREE` hands out guard state, and only `unlock`, which takes
// that state back, stores `FREE`. The orderings are those of the notes above.
unsafe impl RawMutex for TestAndSet {
    const INIT: Self = Self { word: Word::new(FREE) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        while !self.take() {
            self.word.pause(HELD, 1);
        }
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
        self.take().then(GuardNoSend::new)
    }

    // SAFETY: the caller owns the acquisition, so nobody else changes `HELD`.
    #[inline]
    unsafe fn unlock(&self, _guard: GuardNoSend) {
        self.word.store(FREE, Release);
    }

    fn is_locked(&self) -> bool {
        self.word.load(Relaxed) != FREE
    }
}

impl TestAndSet {
    #[inline]
    fn take(&self) -> bool {
        self.word.swap(HELD, Acquire) == FREE
    }
}
