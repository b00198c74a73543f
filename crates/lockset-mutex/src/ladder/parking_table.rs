//! Stage 10, **parking table**: the list of sleepers in our own hands again, but only one for all.
//!
//! *What stage 9 breaks*: knowledge. The kernel keeps the list, so `unlock` cannot see whether
//! anybody is left on it, and must assume so: after the last sleeper there is one call for nobody.
//! To forget the others is the mutant `forgotten waiter` of stage 9. Here the list is ours: one
//! table for the whole program, looked up by the lock's address, as the kernel does. Stage 7's
//! lists cost their size in every lock; the table costs it once. The lock needs two bits, on any
//! system. And whoever can see the list can choose: [stage 11](super::bounded_bypass) does.
//!
//! | | |
//! |---|---|
//! | states | `LOCKED`, `PARKED`: each on or off |
//! | read-modify-writes, lock and unlock without contention | 2 |
//! | cache lines a hand-over moves | the lock's, the bucket's, the sleeper's, the kernel's |
//! | overtaking | without bound |
//! | owner preempted | the waiters sleep; who has a bucket locked delays its neighbours |
//! | size | 4 bytes, of which two bits are used |
//!
//! Invariant: a lock with an entry in the table has `PARKED` on. A waiter sets the bit first, and
//! goes to sleep only if the bit is still there once it has the bucket.
//!
//! # Notes about memory ordering
//!
//! The lock's one edge is from the Release in `unlock`, be it the exchange or the store with the
//! bucket locked, to the Acquire exchange of the next owner. `PARKED` is set by a Relaxed exchange:
//! it carries no data, and the bucket's lock orders the second look.
//!
//! # Source
//!
//! F. Pizlo, *Locking in WebKit* (2016), after `futex`; in Rust, A. d'Antras's parking_lot. Both
//! have more: tables that grow, timeouts, and now and then a fair turn.
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::ParkingTable, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::Arc;

use lock_api::{GuardNoSend, RawMutex};

use super::table::{self, Entry};
use crate::sync::{Parker, SPINS, Word, spin_hint};

const LOCKED: u32 = 1;
const PARKED: u32 = 2;

/// A lock whose waiters sleep in a table that all such locks share.
#[derive(Debug)]
pub struct ParkingTable {
    word: Word,
}

// SAFETY: Only the exchange that set `LOCKED` where it was not hands out guard state, and only
// `unlock`, which takes that state back, clears it. The orderings are those of the notes above. The
// table knows a lock by its address, but only while somebody waits, who borrows it.
unsafe impl RawMutex for ParkingTable {
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

impl ParkingTable {
    /// Takes the lock if `seen` says that it is free, and is still true.
    #[inline]
    fn take(&self, seen: u32) -> bool {
        let free = seen & LOCKED == 0;
        free && self.word.compare_exchange(seen, seen | LOCKED, Acquire, Relaxed).is_ok()
    }

    #[cold]
    fn lock_contended(&self) {
        let mut spins = SPINS;
        loop {
            let seen = self.word.load(Relaxed);
            if self.take(seen) {
                return;
            }
            if seen == LOCKED && spins.next().is_some() {
                spin_hint();
            } else if seen & LOCKED != 0 && self.announce(seen) {
                self.park();
            }
        }
    }

    /// Sees to it that the owner will look into the table.
    fn announce(&self, seen: u32) -> bool {
        seen & PARKED != 0
            || self.word.compare_exchange(LOCKED, LOCKED | PARKED, Relaxed, Relaxed).is_ok()
    }

    fn park(&self) {
        let mut bucket = table::bucket(&self.word);
        if self.word.load(Relaxed) != LOCKED | PARKED {
            return;
        }
        let parker = Arc::new(Parker::new());
        bucket.entries.push_back(Entry::new(&self.word, &parker));
        drop(bucket);
        parker.park(None);
    }

    /// Unlocks, and wakes the first; the bucket is open again before that one runs.
    #[cold]
    fn unlock_contended(&self) {
        let mut bucket = table::bucket(&self.word);
        let first = bucket.remove_first(&self.word);
        let others = bucket.first(&self.word).is_some();
        // Nobody changes `LOCKED | PARKED` but the owner, so this need not be an exchange.
        self.word.store(if others { PARKED } else { 0 }, Release);
        drop(bucket);
        if let Some(entry) = first {
            entry.parker.unpark();
        }
    }
}
