//! Stage 4, **ticket**: first come, first served.
//!
//! *What stage 3 breaks*: order. Who has failed most looks least, and anybody may overtake it any
//! number of times; the example `ladder` counts how often that happens. Here each comer draws a
//! number, and the owner calls the numbers in order, as at a bakery's counter.
//!
//! | | |
//! |---|---|
//! | states | the next number to draw, the number being served; free when they are equal |
//! | read-modify-writes, lock and unlock without contention | 1 |
//! | cache lines a hand-over moves | the lock's, to each of n waiters |
//! | overtaking | none: order is that of the draws |
//! | owner preempted | all wait; and if the *next* one is preempted, all wait for that one, too |
//! | size | 8 bytes |
//!
//! # Notes about memory ordering
//!
//! The store to `serving` in `unlock` is the Release half of the lock's one edge; the look that
//! finds one's own number there, or `try_lock`'s first look, is the Acquire half. A draw settles
//! only the order, so it is Relaxed. The owner reads back what it or its forerunner has written:
//! Relaxed, as the edge already orders it.
//!
//! # Source
//!
//! Reed and Kanodia, *Synchronization with Eventcounts and Sequencers* (1979); with a pause in
//! proportion to the place in the line, J. Mellor-Crummey and M. Scott, *Algorithms for Scalable
//! Synchronization on Shared-Memory Multiprocessors* (1991).
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::Ticket, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use lock_api::{GuardNoSend, RawMutex};

use crate::sync::Word;

/// How long to pause for each one ahead in the line: about a short section and a hand-over.
const TURNS_EACH: u32 = 16;
/// The longest pause: a place far behind says little of how fast those ahead will be.
const MOST_TURNS: u32 = 256;

/// A lock that serves in the order of numbers drawn.
///
/// Numbers wrap around, which is harmless with fewer than 2³² threads in the line.
#[derive(Debug)]
pub struct Ticket {
    next: Word,
    serving: Word,
}

// SAFETY: Numbers are drawn by read-modify-writes, so no two waiting threads have the same one, and
// guard state is handed out only for the number being served. Only `unlock`, which takes that state
// back, serves the next. The orderings are those of the notes above.
unsafe impl RawMutex for Ticket {
    const INIT: Self = Self { next: Word::new(0), serving: Word::new(0) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        let mine = self.next.fetch_add(1, Relaxed);
        loop {
            let serving = self.serving.load(Acquire);
            if serving == mine {
                return GuardNoSend::new();
            }
            let ahead = mine.wrapping_sub(serving);
            self.serving.pause(serving, MOST_TURNS.min(ahead.saturating_mul(TURNS_EACH)));
        }
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
        // A number is drawn only if it is served at once: nobody can hand one back.
        let serving = self.serving.load(Acquire);
        let next = serving.wrapping_add(1);
        let drawn = self.next.compare_exchange(serving, next, Relaxed, Relaxed);
        drawn.is_ok().then(GuardNoSend::new)
    }

    // SAFETY: the caller owns the acquisition, so it alone writes `serving`.
    #[inline]
    unsafe fn unlock(&self, _guard: GuardNoSend) {
        let next = self.serving.load(Relaxed).wrapping_add(1);
        self.serving.store(next, Release);
    }

    fn is_locked(&self) -> bool {
        self.serving.load(Relaxed) != self.next.load(Relaxed)
    }
}
