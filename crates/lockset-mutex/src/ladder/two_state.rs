//! Stage 8, **two-state futex**: the kernel keeps the list.
//!
//! *What stage 7 breaks*: its size, ten times that of the word it guards, and a second lock around
//! the list. Linux has such lists already, one for each address somebody sleeps on. `wait` sleeps
//! if the word still has the value that made us wait, compared by the kernel with its list locked:
//! that is stage 7's second look. `wake` calls the first on the list. Without the comparison, a
//! waiter could go to sleep after the last call: the mutant `sleeps on whatever it finds`.
//!
//! | | |
//! |---|---|
//! | states | `FREE`, `HELD` |
//! | read-modify-writes, lock and unlock without contention | 1, **and a system call** |
//! | cache lines a hand-over moves | the lock's, and the kernel's own |
//! | overtaking | without bound |
//! | owner preempted | the waiters sleep |
//! | size | 4 bytes |
//!
//! # Notes about memory ordering
//!
//! The lock's one edge is from the Release store in `unlock` to the Acquire exchange of the next
//! owner. Sleeping and waking need no order of their own: a woken thread tries again. That the
//! store is there before the kernel looks for sleepers is the kernel's promise (futex(2)).
//!
//! # Source
//!
//! H. Franke, R. Russell and M. Kirkwood, *Fuss, Futexes and Furwocks: Fast Userlevel Locking in
//! Linux* (2002).
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::TwoState, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use lock_api::{GuardNoSend, RawMutex};

use crate::sync::Word;

const FREE: u32 = 0;
const HELD: u32 = 1;

/// A lock whose waiters sleep in the kernel, and whose every unlock calls it.
#[derive(Debug)]
pub struct TwoState {
    word: Word,
}

// SAFETY: Only the exchange that found `FREE` hands out guard state, and only `unlock`, which takes
// that state back, stores `FREE`. The orderings are those of the notes above.
unsafe impl RawMutex for TwoState {
    const INIT: Self = Self { word: Word::new(FREE) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        while !self.take() {
            self.word.wait(HELD, None);
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
        // Somebody may sleep, or nobody: the word does not say, so the kernel has to.
        self.word.wake(1);
    }

    fn is_locked(&self) -> bool {
        self.word.load(Relaxed) != FREE
    }
}

impl TwoState {
    #[inline]
    fn take(&self) -> bool {
        self.word.swap(HELD, Acquire) == FREE
    }
}
