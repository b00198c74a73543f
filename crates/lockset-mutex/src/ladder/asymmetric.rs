//! Stage 12, **asymmetric**, an experiment: the one that waits pays for the fence.
//!
//! *What the others pay*: each unlock of stages 9 to 11 is a read-modify-write, since it has to
//! give the lock up and *then* look for waiters. A plain store, then a load from another word: that
//! order a processor may turn around, and then owner and waiter miss each other, which is the
//! mutant `no fence`. A fence between the two prevents it and costs what it was meant to save. But
//! only a waiter ever needs it. So the waiter orders all processors at once (membarrier(2)) before
//! it goes to sleep, and the owner tells only the compiler to keep the order.
//!
//! | | |
//! |---|---|
//! | states | `FREE`, `HELD`; and how many wait |
//! | read-modify-writes, lock and unlock without contention | 1 |
//! | cache lines a hand-over moves | the lock's, the kernel's; and every processor is interrupted |
//! | overtaking | without bound |
//! | owner preempted | the waiters sleep |
//! | size | 8 bytes |
//!
//! # When not to use it
//!
//! Wherever locks are contended: every sleep interrupts every processor that runs this program, and
//! takes a lock that the whole system shares. HotSpot's monitors left their fence out for twenty
//! years, put it back in 2024, and were faster on all systems but one. Where the kernel refuses
//! the call, both sides make a real fence, which is dearer than stage 9's exchange.
//!
//! As measured beside each other by `cargo xtask contention --table`, on the machine of
//! [the table](super):
//!
#![doc = include_str!("evidence.md")]
//!
//! And nothing checks the code as it ships: languages and model checkers know of no such fence. In
//! the model both sides are real ones.
//!
//! # Notes about memory ordering
//!
//! The lock's one edge is from the Release store in `unlock` to the Acquire exchange of the next
//! owner. Beyond that, it must not be that an owner's look at `waiting` misses a waiter *and* the
//! waiter's last look misses the owner's `FREE`. Both stores come before their thread's fence, both
//! looks after it, so one fence orders the pair. `waiting` itself carries no data: Relaxed. A
//! waiter that comes after the fence of another makes its own.
//!
//! # Source
//!
//! D. Dice, H. Huang and M. Yang, *Asymmetric Dekker Synchronization* (2001); M. Desnoyers and
//! others, *User-Level Implementations of Read-Copy Update* (2012), for the system call.
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::Asymmetric, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use lock_api::{GuardNoSend, RawMutex};

use crate::sync::{Refused, Word, heavy_fence, light_fence, yield_now};

const FREE: u32 = 0;
const HELD: u32 = 1;

/// A lock that is unlocked by a store and a load.
#[derive(Debug)]
pub struct Asymmetric {
    word: Word,
    waiting: Word,
}

// SAFETY: Only the exchange from `FREE` hands out guard state, and only `unlock`, which takes that
// state back, stores `FREE`. The orderings are those of the notes above. After that store `unlock`
// reads the other word: the caller's borrow of the lock lasts until it returns.
unsafe impl RawMutex for Asymmetric {
    const INIT: Self = Self { word: Word::new(FREE), waiting: Word::new(0) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        if !self.take() {
            self.lock_contended();
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
        light_fence();
        if self.waiting.load(Relaxed) != 0 {
            self.wake();
        }
    }

    fn is_locked(&self) -> bool {
        self.word.load(Relaxed) != FREE
    }
}

impl Asymmetric {
    #[inline]
    fn take(&self) -> bool {
        self.word.compare_exchange(FREE, HELD, Acquire, Relaxed).is_ok()
    }

    /// Announces itself once, and sleeps until it has the lock.
    #[cold]
    fn lock_contended(&self) {
        self.waiting.fetch_add(1, Relaxed);
        let fence = heavy_fence();
        while !self.take() {
            match fence {
                Ok(()) => _ = self.word.wait(HELD, None),
                // It may have been overlooked, so nobody would wake it.
                Err(Refused) => yield_now(),
            }
        }
        self.waiting.fetch_sub(1, Relaxed);
    }

    #[cold]
    fn wake(&self) {
        self.word.wake(1);
    }
}
