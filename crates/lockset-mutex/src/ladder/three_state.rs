//! Stage 9, **three-state futex**: call the kernel only if somebody may sleep.
//!
//! *What stage 8 breaks*: the unlock that nobody waits for, which is nearly every one, and calls
//! the kernel all the same. So the word says whether somebody may sleep, and the way there is full
//! of traps; the mutants of this stage are known by their names in many a bug list, first of all
//! the `forgotten waiter`.
//!
//! | | |
//! |---|---|
//! | states | `UNLOCKED`, `LOCKED`, `CONTENDED` |
//! | read-modify-writes, lock and unlock without contention | 2 |
//! | cache lines a hand-over moves | the lock's, and the kernel's own |
//! | overtaking | without bound: a newcomer may overtake a sleeper, as waking one up takes time |
//! | owner preempted | the waiters sleep, after a short while of spinning |
//! | size | 4 bytes |
//!
//! # Source
//!
//! U. Drepper, *Futexes Are Tricky* (2005), "mutex, take 2"; std's mutex on Linux is of the same
//! kind.
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::ThreeState, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use lock_api::{GuardNoSend, RawMutex, RawMutexTimed};

use crate::sync::{SPINS, Waited, Word, spin_hint};

/// Nobody holds the lock, and nobody waits for it.
const UNLOCKED: u32 = 0;
/// Somebody holds it, and nobody sleeps.
const LOCKED: u32 = 1;
/// Somebody holds it, and somebody may sleep: whoever unlocks has to wake one.
const CONTENDED: u32 = 2;

/// A lock whose waiters sleep in the kernel, and which knows whether any may.
///
/// Invariants:
/// 1. The word is `UNLOCKED` exactly while nobody holds the lock.
/// 2. A thread sleeps only after it has seen the word at `CONTENDED`, and the kernel compares once
///    more before it puts the thread to sleep; so whoever unlocks afterwards finds `CONTENDED`.
/// 3. Whoever unlocks from `CONTENDED` wakes one sleeper, and whoever took the lock after having
///    waited leaves `CONTENDED` behind, since others may still sleep. So as long as somebody
///    sleeps, the next unlock wakes somebody: no wake-up is lost. The price is one useless wake-up
///    call when the last sleeper unlocks.
/// 4. A waiter that gives up was not woken (the kernel says which), so it takes nobody's wake-up
///    with it. It may leave `CONTENDED` behind with nobody asleep, which costs as under 3.
///
/// # Notes about memory ordering
///
/// The lock promises one edge: what a holder did before it unlocked happens before whatever the
/// next holder does. `unlock`'s swap is the Release half; the successful compare-and-swap of
/// `try_lock` and of `spin`, or the swap to `CONTENDED`, is the Acquire half. A failed attempt
/// learns nothing about the data, and a load while spinning only decides whether to try, so those
/// are Relaxed. Sleeping and waking need no order of their own: a woken thread takes the lock by
/// the same Acquire swap.
#[derive(Debug)]
pub struct ThreeState {
    state: Word,
}

// SAFETY: Invariant 1 is mutual exclusion: only the thread whose read-modify-write changed
// `UNLOCKED` to something else returns guard state, and only `unlock`, which consumes that state,
// stores `UNLOCKED` again. The orderings are those of the notes above. Moving or dropping a locked
// mutex is harmless, the word owns nothing; no method unwinds between taking the lock and
// returning its guard state.
unsafe impl RawMutex for ThreeState {
    const INIT: Self = Self { state: Word::new(UNLOCKED) };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        if !self.take() {
            self.lock_contended(None);
        }
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
        self.take().then(GuardNoSend::new)
    }

    // SAFETY: the caller owns the acquisition that `_guard` stands for, so the word is not
    // `UNLOCKED`, and no other thread stores `UNLOCKED` before this does.
    #[inline]
    unsafe fn unlock(&self, _guard: GuardNoSend) {
        // The lock is free from here on, before anybody is woken.
        if self.state.swap(UNLOCKED, Release) == CONTENDED {
            self.wake();
        }
    }

    fn is_locked(&self) -> bool {
        self.state.load(Relaxed) != UNLOCKED
    }
}

// SAFETY: Both methods hand out guard state on the same grounds as `RawMutex::lock` above.
unsafe impl RawMutexTimed for ThreeState {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.try_lock_until(deadline),
            // Longer than the clock can tell is for ever.
            None => Some(self.lock()),
        }
    }

    fn try_lock_until(&self, deadline: Instant) -> Option<GuardNoSend> {
        (self.take() || self.lock_contended(Some(deadline))).then(GuardNoSend::new)
    }
}

impl ThreeState {
    /// Takes the lock if it is free.
    #[inline]
    fn take(&self) -> bool {
        self.state.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_ok()
    }

    /// Waits for the lock; `false` if `deadline` passed first.
    #[cold]
    fn lock_contended(&self, deadline: Option<Instant>) -> bool {
        if self.spin() {
            return true;
        }
        loop {
            if self.state.swap(CONTENDED, Acquire) == UNLOCKED {
                return true;
            }
            match self.state.wait(CONTENDED, deadline) {
                Waited::Woken => {}
                Waited::TimedOut => return false,
            }
        }
    }

    /// Tries for a short while without sleeping: a short critical section ends sooner than a sleep.
    ///
    /// It stops once somebody sleeps, since the lock is then not about to be idle.
    fn spin(&self) -> bool {
        for _ in SPINS {
            match self.state.load(Relaxed) {
                UNLOCKED if self.take() => return true,
                CONTENDED => return false,
                _ => spin_hint(),
            }
        }
        false
    }

    #[cold]
    fn wake(&self) {
        self.state.wake(1);
    }
}
