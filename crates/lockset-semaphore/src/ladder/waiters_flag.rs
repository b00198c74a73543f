//! Stage 3, **waiters flag**: call the kernel only if somebody waits.
//!
//! *What stage 2 breaks*: a thousand permits that nobody waits for are a thousand calls to the
//! kernel when they come back. So one bit of the word says whether anybody sleeps, or is about to.
//! Who finds too few permits sets it, and sleeps only if the word still has it; who gives permits
//! back sees it in the same addition, takes it down, and wakes all. Those who find too few again
//! set it again.
//!
//! That the permits and the flag are in *one* word is all there is to prove. Its changes have one
//! order: permits that were added before the flag was set have been seen by the exchange that set
//! it, and whoever adds some afterwards sees the flag. With two words, each side could look at the
//! other's before it has changed.
//!
//! But first the flag, then the call: between a call and the flag's end, somebody could set it once
//! more and go to sleep, and nobody would know: the mutant `flag taken down after the call`.
//!
//! | | |
//! |---|---|
//! | state | the number of free permits, and a flag |
//! | read-modify-writes for an uncontended pair | 2 |
//! | calls to the kernel for an uncontended pair | 0 |
//! | overtaking | without bound, as in stage 2 |
//! | many permits at once | granted together; may starve beside smaller requests |
//!
//! # Notes about memory ordering
//!
//! The edge is that of stage 2: from the Release addition to the Acquire exchange that takes the
//! permits, whatever exchanges come between. The flag is set and taken down Relaxed: it carries no
//! data, and the word's one order is enough.
//!
//! # Source
//!
//! POSIX semaphores of glibc 2.21 and later have the number of waiters beside that of permits, in
//! one word (`nptl/sem_waitcommon.c`).
//!
//! ```
//! use lockset_semaphore::ladder::{Calls, RawSemaphore, WaitersFlag};
//!
//! let (semaphore, calls) = (WaitersFlag::new(1), Calls::of_this_thread());
//! drop(semaphore.acquire(1));
//! assert_eq!((calls.sleeps(), calls.wakes()), (0, 0));
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::{Held, RawSemaphore, kernel};
use crate::sync::Word32;

/// Somebody sleeps, or is about to: whoever adds permits has to wake them.
const WAITERS: u32 = 1;
/// One permit, in the word's other bits.
const PERMIT: u32 = 2;

/// All sleepers, as in stage 2.
const ALL: u32 = u32::MAX;

/// A semaphore of one word, which knows whether anybody waits.
#[derive(Debug)]
pub struct WaitersFlag {
    word: Word32,
}

impl RawSemaphore for WaitersFlag {
    fn new(permits: u32) -> Self {
        Self { word: Word32::new(permits * PERMIT) }
    }

    fn acquire(&self, n: u32) -> Held<'_, Self> {
        loop {
            let seen = match self.take(n) {
                Ok(held) => return held,
                Err(seen) => seen,
            };
            if seen & WAITERS != 0 || self.raise_flag(seen) {
                kernel::sleep(&self.word, seen | WAITERS);
            }
        }
    }

    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>> {
        self.take(n).ok()
    }

    fn release(&self, n: u32) {
        if self.word.fetch_add(n * PERMIT, Release) & WAITERS != 0 {
            self.wake();
        }
    }

    fn available(&self) -> u32 {
        self.word.load(Relaxed) / PERMIT
    }
}

impl WaitersFlag {
    /// Takes `n` permits, or says how the word is if there are too few.
    fn take(&self, n: u32) -> Result<Held<'_, Self>, u32> {
        let mut seen = self.word.load(Relaxed);
        while seen / PERMIT >= n {
            match self.word.compare_exchange_weak(seen, seen - n * PERMIT, Acquire, Relaxed) {
                Ok(_) => return Ok(Held::new(self, n)),
                Err(newer) => seen = newer,
            }
        }
        Err(seen)
    }

    /// Says that somebody waits; `false` if there may be enough permits by now.
    fn raise_flag(&self, seen: u32) -> bool {
        self.word.compare_exchange(seen, seen | WAITERS, Relaxed, Relaxed).is_ok()
    }

    #[cold]
    fn wake(&self) {
        self.word.fetch_and(!WAITERS, Relaxed);
        kernel::wake(&self.word, ALL);
    }
}
