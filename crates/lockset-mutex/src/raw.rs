//! The mutex to use: two words, a contender that waits awake, and sleepers behind it.

mod contend;
mod state;

use core::marker::PhantomData;
use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use lock_api::{RawMutex as _, RawMutexFair, RawMutexTimed};

use crate::cancel::Cancel;
use crate::counts::Counters;
use crate::policy::{GuardMarker, Policy};
use crate::sync::{Word, yield_now};
use crate::unlock::{FREE, HELD, Unlock};

use contend::Limit;
use state::{CONTENDER, NAPPING, RESERVED, SLEEPER, TOKEN};

/// The state behind [`Mutex`](crate::Mutex), in 8 bytes; [`Policy`] says what `P` decides.
///
/// One word says whether the lock is held, the other who waits. Whoever finds the lock held spins
/// for a moment. Then it announces itself: the first one becomes the **contender**, which waits
/// awake; all others sleep. When the contender has the lock, the role becomes vacant, and the next
/// unlock appoints the sleeper that has waited longest. So at most one wake-up is under way at a
/// time, however many wait, and most unlocks of a busy lock need not wake anybody. A lock that is
/// free may be taken by anybody who runs, which is what keeps it busy: until the contender has been
/// overtaken for long enough, and reserves the lock.
///
/// Invariants:
/// 1. The lock is held exactly while `held` says so: only the exchange from `FREE` takes it.
/// 2. `waiters` is 0 exactly while nobody has announced itself. Its count is of the threads in
///    `sleep`, less one while `TOKEN` is set.
/// 3. At most one thread has the role, or, while `TOKEN` is set, none yet.
/// 4. While anybody sleeps and nobody has the role, nor a token for it is out, whoever had it last
///    has not unlocked yet, or has not looked since. It will see that the role is vacant, because
///    it made it so itself. So no sleeper is forgotten.
/// 5. While the token is out, somebody is about to look and to pick it up: one that was called; or,
///    if nobody was asleep to be called, whoever looks next, and then nobody can fall asleep before
///    it has looked (`STRAY`); or else the one that put it out is about to call.
/// 6. The contender sleeps only after it has set `NAPPING` and seen the lock held *since*, and only
///    while `waiters` has not changed. Whoever unlocks later sees `NAPPING` (`Unlock` says how).
/// 7. `RESERVED` is set only while somebody has the role, or a token for it is out, and cleared by
///    whoever leaves the role. So the lock is never reserved for nobody.
/// 8. A waiter that gives up hands on what it was given: the role goes to the next sleeper, without
///    the reservation, which was for one that had waited for long.
///
/// # Notes about memory ordering
///
/// The lock promises one edge: what a holder did before it unlocked happens before whatever the
/// next holder does. The Release half is `Unlock::open`, the Acquire half the exchange in `take`.
/// A look at `held` decides only whether to try.
///
/// `waiters` carries no data, so its orderings are Relaxed. Each of its changes is an exchange:
/// none is made on account of an old value, and whoever looks again sees its own change or a later
/// one, which is all that invariants 2 to 5, 7 and 8 rely on. Invariant 6 relies on `Unlock`,
/// which orders both words on both sides. The look in `lock` may be stale, which lets one more
/// overtake. One change does carry news: `stir` says that a switch was thrown, and is a Release;
/// whoever is about to sleep acquires it, by its announcement, its look, or its `NAPPING`, before
/// it looks at the switch.
///
/// # Where the ideas are from
///
/// One contender that is awake, and the others set aside: D. Dice, *Malthusian Locks* (2017).
/// Barging in front of a queue, bounded: D. Dice and A. Kogan, *Fissile Locks* (2020). Waking one
/// at a time: nsync's *designated waker*. The sum, the reservation and the proof are our own.
#[derive(Debug)]
pub struct RawMutex<P: Policy> {
    held: Word,
    waiters: Word,
    counters: P::Counters,
    policy: PhantomData<fn(P)>,
}

// SAFETY: Invariant 1 is mutual exclusion: only the thread whose exchange changed `FREE` returns
// guard state, and only `unlock` and `unlock_fair`, which consume that state, store `FREE` again.
// The orderings are those of the notes above. Moving or dropping a locked mutex is harmless: nobody
// waits then, since a waiter borrows it, and the words own nothing. No method unwinds between
// taking the lock and returning its guard state.
unsafe impl<P: Policy> lock_api::RawMutex for RawMutex<P> {
    const INIT: Self = Self {
        held: Word::new(FREE),
        waiters: Word::new(0),
        counters: P::Counters::NEW,
        policy: PhantomData,
    };

    type Guard = P::Guard;

    #[inline]
    fn lock(&self) -> P::Guard {
        if !self.take_unless_owed() {
            self.lock_contended(Limit::NEVER);
        }
        P::Guard::NEW
    }

    #[inline]
    fn try_lock(&self) -> Option<P::Guard> {
        self.take_unless_owed().then_some(P::Guard::NEW)
    }

    // SAFETY: the caller owns the acquisition that `_guard` stands for, so the lock is held, and
    // nobody else frees it before this does. The words are borrowed until this returns.
    #[inline]
    unsafe fn unlock(&self, _guard: P::Guard) {
        if P::FAIRNESS.is_strict && self.waiters.load(Relaxed) != 0 {
            return self.hand_over();
        }
        P::Unlock::open(&self.held);
        // Relaxed: `open` has ordered it.
        let state = self.waiters.load(Relaxed);
        if state::needs_attention(state) {
            self.attend(state);
        }
    }

    fn is_locked(&self) -> bool {
        self.held.load(Relaxed) != FREE
    }
}

// SAFETY: As `RawMutex` above; `hand_over` frees the lock exactly once.
unsafe impl<P: Policy> RawMutexFair for RawMutex<P> {
    // SAFETY: as `unlock`.
    unsafe fn unlock_fair(&self, _guard: P::Guard) {
        self.hand_over();
    }
}

// SAFETY: Both methods hand out guard state on the same grounds as `RawMutex::lock` above.
unsafe impl<P: Policy> RawMutexTimed for RawMutex<P> {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_for(&self, timeout: Duration) -> Option<P::Guard> {
        // Only who has to wait asks the clock.
        if self.take_unless_owed() {
            return Some(P::Guard::NEW);
        }
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.try_lock_until(deadline),
            // Longer than the clock can tell is for ever.
            None => Some(self.lock()),
        }
    }

    fn try_lock_until(&self, deadline: Instant) -> Option<P::Guard> {
        let taken = self.take_unless_owed() || self.lock_contended(Limit::deadline(deadline));
        taken.then_some(P::Guard::NEW)
    }
}

impl<P: Policy> RawMutex<P> {
    /// Waits for the lock until `cancel` is cancelled; `None` then.
    pub(crate) fn lock_unless(&self, cancel: &Cancel) -> Option<P::Guard> {
        if self.take_unless_owed() {
            return Some(P::Guard::NEW);
        }
        let waiting = cancel.attend(&self.waiters);
        let taken = self.lock_contended(Limit::cancel(cancel));
        drop(waiting);
        taken.then_some(P::Guard::NEW)
    }

    pub(crate) fn counters(&self) -> &P::Counters {
        &self.counters
    }

    /// Takes the lock if it is free, and is not owed to a waiter.
    #[inline]
    fn take_unless_owed(&self) -> bool {
        let owed = if P::FAIRNESS.is_strict { u32::MAX } else { RESERVED };
        // Relaxed: it only decides whether to try; see the notes above.
        self.waiters.load(Relaxed) & owed == 0 && self.take()
    }

    #[inline]
    fn take(&self) -> bool {
        self.held.compare_exchange(FREE, HELD, Acquire, Relaxed).is_ok()
    }

    /// Frees the lock for a waiter alone, if there is one.
    fn hand_over(&self) {
        let reserved = self.change(|state| match state {
            _ if state & CONTENDER != 0 => Some(state | RESERVED),
            _ if state >= SLEEPER => Some(state::appoint(state) | RESERVED),
            _ => None,
        });
        P::Unlock::open(&self.held);
        if reserved.is_some_and(state::role_is_vacant) {
            self.call_sleeper();
        }
        // Relaxed: as in `unlock`.
        let state = self.waiters.load(Relaxed);
        if state::needs_attention(state) {
            self.attend(state);
        }
    }

    /// What an unlock does for those who wait; the lock is free, or somebody else's, by now.
    #[cold]
    fn attend(&self, state: u32) {
        if state & NAPPING != 0 {
            // Relaxed: see the notes on the type.
            if self.waiters.fetch_and(!NAPPING, Relaxed) & NAPPING != 0 {
                self.waiters.wake_among(Role::Contender as u32, 1);
            }
        } else if state & TOKEN != 0 {
            // The new contender was woken and has not come yet. It may be waiting for the very
            // processor that this thread runs on: there are schedulers that leave it there while
            // another processor has nothing to do.
            if self.change(state::courtesy).is_some() {
                yield_now();
            }
        } else if state::role_is_vacant(state) {
            let appointed =
                self.change(|state| state::role_is_vacant(state).then(|| state::appoint(state)));
            if appointed.is_some() {
                self.call_sleeper();
            }
        }
    }

    /// Wakes the sleeper that has waited longest, for the token that this thread has put out.
    ///
    /// If all are still on their way to sleep, each may have announced itself while an earlier
    /// token was out, and take this one for that one, if the word has come to look the same again.
    /// So the token is marked. Whoever comes now looks and finds it; whoever fell asleep before the
    /// mark is woken by the second call.
    fn call_sleeper(&self) {
        let call = || self.waiters.wake_among(Role::Sleeper as u32, 1);
        if !call() && self.change(state::stray).is_some() {
            call();
        }
    }

    fn change(&self, step: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        // Relaxed: see the notes on the type.
        change(&self.waiters, Relaxed, step)
    }
}

/// Changes `waiters` to what `step` says, and returns what it was; `None` if `step` does.
fn change(waiters: &Word, order: Ordering, step: impl Fn(u32) -> Option<u32>) -> Option<u32> {
    let mut state = waiters.load(Relaxed);
    loop {
        // Relaxed: a failed try learns nothing but the value.
        match waiters.compare_exchange_weak(state, step(state)?, order, Relaxed) {
            Ok(_) => return Some(state),
            Err(newer) => state = newer,
        }
    }
}

/// Makes all who wait on a lock's `waiters` look at what may end their wait.
///
/// It is an exchange even if nobody waits: whoever announces itself later has seen what this thread
/// did before, and looks before it sleeps.
pub(crate) fn stir(waiters: &Word) {
    // Release: with the Acquire of whoever is about to sleep.
    change(waiters, Release, |state| Some(state::stir(state)));
    waiters.wake(u32::MAX);
}

/// Who sleeps on the word, so that each can be woken alone: a mask as futexes have it.
#[derive(Clone, Copy, Debug)]
enum Role {
    Contender = 1,
    Sleeper = 2,
}
