//! Stage 7, **yield and park**: why spinning in user space is wrong, and what to do instead.
//!
//! *What stage 6 breaks*: nothing, while every thread has a processor of its own. A program cannot
//! know that it has. When the owner is preempted, its waiters spin through their time slices, and
//! may well be what keeps it off its processor. The example `preempted_owner` puts owner and waiter
//! on one processor and counts: how often the waiter looks until it has the lock. In a queue it is
//! worse still, since the lock is handed to waiters that are not running either. A kernel can
//! switch preemption off while it holds a spin lock; a program cannot.
//!
//! So a waiter gives its processor away. First it yields, a few times: that is right if the owner
//! only waits for a processor. Then it parks: it puts its name on a list, and sleeps until called.
//!
//! | | |
//! |---|---|
//! | states | `FREE`, `HELD`; and the list of those who sleep |
//! | read-modify-writes, lock and unlock without contention | 2: the lock's, the list's |
//! | cache lines a hand-over moves | the lock's, the list's, the sleeper's, the kernel's |
//! | overtaking | without bound: who is called has to come first once more |
//! | owner preempted | the waiters sleep; its processor is its own |
//! | size | 48 bytes, the list included, and the list's memory in the heap |
//!
//! Whoever unlocks cannot see whether anybody sleeps, so each unlock looks at the list. And the
//! list needs a lock; one that spins, [stage 3](super::back_off), held for a few instructions.
//!
//! # Notes about memory ordering
//!
//! The lock's one edge is from the Release store in `unlock` to the Acquire exchange of the next
//! owner. That nobody sleeps through the last call is a matter of the list's lock: a waiter tries
//! once more with the list locked. If `unlock` has visited the list before, that try sees `FREE`;
//! if it comes after, it finds the waiter's name.
//!
//! # Source
//!
//! J. Ousterhout, *Scheduling Techniques for Concurrent Systems* (1982): spin a little, then sleep.
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::YieldAndPark, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::collections::VecDeque;
use std::sync::Arc;

use lock_api::{GuardNoSend, RawMutex};

use super::BackOff;
use crate::sync::{Parker, Word, YIELDS, step_aside};

const FREE: u32 = 0;
const HELD: u32 = 1;

/// A lock whose waiters sleep, on a list of its own.
#[derive(Debug)]
pub struct YieldAndPark {
    word: Word,
    sleepers: lock_api::Mutex<BackOff, VecDeque<Arc<Parker>>>,
}

// SAFETY: Only the exchange that found `FREE` hands out guard state, and only `unlock`, which takes
// that state back, stores `FREE`. The orderings are those of the notes above.
unsafe impl RawMutex for YieldAndPark {
    const INIT: Self =
        Self { word: Word::new(FREE), sleepers: lock_api::Mutex::new(VecDeque::new()) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        while !self.take_or_yield() {
            if self.park() {
                break;
            }
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
        let first = self.sleepers.lock().pop_front();
        if let Some(sleeper) = first {
            sleeper.unpark();
        }
    }

    fn is_locked(&self) -> bool {
        self.word.load(Relaxed) != FREE
    }
}

impl YieldAndPark {
    #[inline]
    fn take(&self) -> bool {
        self.word.swap(HELD, Acquire) == FREE
    }

    #[inline]
    fn take_or_yield(&self) -> bool {
        self.take()
            || YIELDS.into_iter().any(|_| {
                step_aside();
                !self.is_locked() && self.take()
            })
    }

    /// Sleeps until called, unless the lock is free; `true` if it was, and has been taken.
    #[cold]
    fn park(&self) -> bool {
        let me = Arc::new(Parker::new());
        let mut sleepers = self.sleepers.lock();
        if self.take() {
            return true;
        }
        sleepers.push_back(Arc::clone(&me));
        drop(sleepers);
        me.park(None);
        false
    }
}
