//! Stage 11, **bounded bypass**: overtaking, but not without end.
//!
//! *What stage 10 breaks*: patience. A sleeper that is called has to come first against threads
//! that are awake already, and may lose for ever. To hand the lock to the first sleeper each time
//! is fair, and slow: nobody has the lock while that one wakes up. So both: others may overtake the
//! first sleeper `BYPASSES` times; then the next unlock hands over.
//!
//! | | |
//! |---|---|
//! | states | `LOCKED`, `PARKED`; and in the table, how often the first sleeper was overtaken |
//! | read-modify-writes, lock and unlock without contention | 2 |
//! | cache lines a hand-over moves | the lock's, the bucket's, the sleeper's, the kernel's |
//! | overtaking | `BYPASSES` by newcomers for each place in the queue, and those ahead in it |
//! | owner preempted | the waiters sleep; who has a bucket locked delays its neighbours |
//! | size | 4 bytes, of which two bits are used |
//!
//! Invariants:
//! 1. With its bucket locked, a lock has `PARKED` exactly if it has an entry there.
//! 2. An entry stays until its thread has the lock: called and beaten, it keeps its place.
//! 3. `LOCKED` is never off between an unlock that hands over and the thread that it hands to.
//!
//! From 1 follows that every unlock past a sleeper comes to the table, so the count is exact.
//!
//! # Notes about memory ordering
//!
//! The lock's one edge is from the Release in `unlock`, be it the exchange or the store with the
//! bucket locked, to the Acquire exchange of the next owner. When it is handed over there is no
//! such exchange, and the edge is the bucket's lock: who finds its entry gone has locked the bucket
//! after who took it off. Setting and clearing `PARKED` is Relaxed, and ordered by that lock as
//! well.
//!
//! # Source
//!
//! Counting how often a waiter was passed by is nsync's (M. Burrows; there 30 wake-ups set a bit
//! that holds newcomers off). WebKit and parking_lot hand over by the clock instead; counting needs
//! none.
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::BoundedBypass, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::Arc;

use lock_api::{GuardNoSend, RawMutex};

use super::table::{self, Bucket, Entry};
use crate::sync::{Parker, SPINS, Word, spin_hint};

const LOCKED: u32 = 1;
const PARKED: u32 = 2;

/// A lock whose first sleeper is overtaken `BYPASSES` times, and no more.
///
/// With eight, at most one use in nine pays for a hand-over, during which nobody has the lock. With
/// zero, every unlock past a sleeper does.
#[derive(Debug)]
pub struct BoundedBypass<const BYPASSES: u32 = 8> {
    word: Word,
}

// SAFETY: Guard state goes to the exchange that set `LOCKED` where it was not, or to the one entry
// that `unlock` took off the table with `LOCKED` left on; and only `unlock`, which takes that state
// back, does either. The orderings are those of the notes above. The table knows a lock by its
// address, but only while somebody waits, who borrows it.
unsafe impl<const BYPASSES: u32> RawMutex for BoundedBypass<BYPASSES> {
    const INIT: Self = Self { word: Word::new(0) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        if self.word.compare_exchange_weak(0, LOCKED, Acquire, Relaxed).is_err() {
            self.lock_contended();
        }
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
        self.take(self.word.load(Relaxed)).then(GuardNoSend::new)
    }

    // SAFETY: the caller owns the acquisition, so nobody else clears `LOCKED`.
    #[inline]
    unsafe fn unlock(&self, _guard: GuardNoSend) {
        if self.word.compare_exchange(LOCKED, 0, Release, Relaxed).is_err() {
            self.unlock_contended();
        }
    }

    fn is_locked(&self) -> bool {
        self.word.load(Relaxed) & LOCKED != 0
    }
}

impl<const BYPASSES: u32> BoundedBypass<BYPASSES> {
    /// Whether somebody sleeps. A snapshot, for tests and curiosity.
    pub fn has_sleepers(&self) -> bool {
        self.word.load(Relaxed) & PARKED != 0
    }

    /// Takes the lock if `seen` says that it is free, and is still true.
    #[inline]
    fn take(&self, seen: u32) -> bool {
        let free = seen & LOCKED == 0;
        free && self.word.compare_exchange(seen, seen | LOCKED, Acquire, Relaxed).is_ok()
    }

    #[cold]
    fn lock_contended(&self) {
        for _ in SPINS {
            if self.take(self.word.load(Relaxed)) {
                return;
            }
            spin_hint();
        }
        let Some(mut parker) = self.enqueue() else { return };
        loop {
            parker.park(None);
            let mut bucket = table::bucket(&self.word);
            let Some(entry) = bucket.first(&self.word).filter(|entry| entry.is_of(&parker)) else {
                return; // Handed over.
            };
            if self.take(self.word.load(Relaxed)) {
                self.leave(&mut bucket);
                return;
            }
            parker = Arc::new(Parker::new());
            entry.parker = Arc::clone(&parker);
        }
    }

    /// Goes to the end of the queue, unless the lock is free by now; `None` if it was, and is
    /// taken.
    fn enqueue(&self) -> Option<Arc<Parker>> {
        let mut bucket = table::bucket(&self.word);
        loop {
            let seen = self.word.load(Relaxed);
            if self.take(seen) {
                return None;
            }
            let parked = LOCKED | PARKED;
            if seen == parked
                || self.word.compare_exchange(LOCKED, parked, Relaxed, Relaxed).is_ok()
            {
                let parker = Arc::new(Parker::new());
                bucket.entries.push_back(Entry::new(&self.word, &parker));
                return Some(parker);
            }
        }
    }

    /// Takes the first off the queue, as it has the lock; or is about to be given it.
    fn leave(&self, bucket: &mut Bucket) -> Option<Entry> {
        let first = bucket.remove_first(&self.word);
        if bucket.first(&self.word).is_none() {
            self.word.fetch_and(!PARKED, Relaxed);
        }
        first
    }

    #[cold]
    fn unlock_contended(&self) {
        let mut bucket = table::bucket(&self.word);
        let first = bucket.first(&self.word);
        let woken = match first {
            Some(entry) if entry.overtaken < BYPASSES => {
                entry.overtaken += 1;
                let parker = Arc::clone(&entry.parker);
                self.word.store(PARKED, Release);
                Some(parker)
            }
            _ => self.leave(&mut bucket).map(|entry| entry.parker),
        };
        drop(bucket);
        if let Some(parker) = woken {
            parker.unpark();
        }
    }
}
