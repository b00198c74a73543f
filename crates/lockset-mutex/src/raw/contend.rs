//! Waiting: as a newcomer, as a sleeper, as the contender.

use core::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::Instant;

use super::state::{self, NAPPING, Place, RESERVED, SLEEPER};
use super::{RawMutex, Role};
use crate::cancel::Cancel;
use crate::counts::Counters;
use crate::policy::Policy;
use crate::sync::{Refused, has_passed, heat, pace, yield_now};
use crate::unlock::{FREE, HELD, Unlock};

/// How long a newcomer spins: longer than a short section takes, and much shorter than going to
/// sleep and waking up does. In nanoseconds, as all below.
const NEWCOMER: u32 = 1_500;
/// The first pause of the contender, doubled each time, and the longest. Each look takes the lock's
/// cache line from whoever works with it, so a lock that stays busy is looked at rarely.
const CONTENDER_FIRST: u32 = 400;
const CONTENDER_LONGEST: u32 = 6_600;
/// The pause of a contender for which the lock is reserved: nobody else can take it, so each moment
/// is lost to all.
const RESERVED_PAUSE: u32 = 50;
/// How long a contender goes on waiting awake: if the lock has not come by then, its holder is
/// asleep, or has much to do.
const LONGEST: u32 = 20_000;

/// What ends a wait, other than the lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit<'a> {
    deadline: Option<Instant>,
    cancel: Option<&'a Cancel>,
}

impl<'a> Limit<'a> {
    pub(crate) const NEVER: Self = Self { deadline: None, cancel: None };

    pub(crate) const fn deadline(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..Self::NEVER }
    }

    pub(crate) const fn cancel(cancel: &'a Cancel) -> Self {
        Self { cancel: Some(cancel), ..Self::NEVER }
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(has_passed) || self.cancel.is_some_and(Cancel::is_cancelled)
    }
}

/// The lock was not taken: the limit came first.
struct GaveUp;

impl<P: Policy> RawMutex<P> {
    /// Waits for the lock; `false` if the limit came first.
    #[cold]
    pub(super) fn lock_contended(&self, limit: Limit<'_>) -> bool {
        let began = self.counters.wait_begins();
        let taken = (!P::FAIRNESS.is_strict && self.spin()) || self.wait(limit).is_ok();
        if taken {
            self.counters.wait_ends(began);
        }
        taken
    }

    /// Tries for a moment without announcing itself; it looks less often where it is hot.
    fn spin(&self) -> bool {
        let wait = heat::Wait::begin();
        let (mut pause, mut spent) = (wait.first_pause(), 0);
        loop {
            // Relaxed: it only decides whether to try.
            if self.held.load(Relaxed) == FREE && self.take_unless_owed() {
                wait.end(spent);
                return true;
            }
            if spent >= pace::turns(NEWCOMER) {
                return false;
            }
            self.pause(pause);
            spent += pause;
            pause *= 2;
        }
    }

    fn wait(&self, limit: Limit<'_>) -> Result<(), GaveUp> {
        // Relaxed: the exchange below finds out if it is old.
        let mut state = self.waiters.load(Relaxed);
        loop {
            let (next, place) = state::announce(state, P::FAIRNESS.skips);
            // Acquire: a stir that came before is not seen by a sleeper in any other way. Relaxed:
            // a failed try learns nothing but the value.
            match self.waiters.compare_exchange_weak(state, next, Acquire, Relaxed) {
                Err(newer) => state = newer,
                Ok(_) if place == Place::Contender => break,
                Ok(_) => {
                    self.sleep(next, limit)?;
                    break;
                }
            }
        }
        self.contend(limit)
    }

    /// Sleeps until it is given the role; `state` is what its announcement made of the word.
    fn sleep(&self, mut state: u32, limit: Limit<'_>) -> Result<(), GaveUp> {
        let mut is_called = false;
        loop {
            let step = match state {
                _ if state::may_pick_up(state, is_called) => Some((state::pick_up(state), Ok(()))),
                _ if limit.is_over() => Some((state::withdraw(state), Err(GaveUp))),
                _ => None,
            };
            if let Some((next, end)) = step {
                // Relaxed, both: see the notes on the type.
                if self.waiters.compare_exchange_weak(state, next, Relaxed, Relaxed).is_ok() {
                    return end;
                }
            } else {
                self.counters.parked();
                let role = Role::Sleeper as u32;
                is_called = self.waiters.wait_among(role, state, limit.deadline);
            }
            // Acquire: whoever sees that it was stirred sees why, when it looks at its limit.
            state = self.waiters.load(Acquire);
        }
    }

    /// Waits, awake for the most part, until the lock is taken.
    fn contend(&self, limit: Limit<'_>) -> Result<(), GaveUp> {
        let (mut pause, mut spent, mut has_asked) = (pace::turns(CONTENDER_FIRST), 0, false);
        loop {
            // Relaxed: it only decides whether to try.
            if self.held.load(Relaxed) == FREE && self.take() {
                self.change(|state| Some(state::leave(state)));
                return Ok(());
            }
            if limit.is_over() {
                self.resign();
                return Err(GaveUp);
            }
            if !has_asked && spent < self.patience() {
                self.pause(pause);
                spent += pause;
                pause = (2 * pause).min(pace::turns(CONTENDER_LONGEST));
            } else if !has_asked && P::FAIRNESS.patience.is_some() {
                // Relaxed: see the notes on the type.
                self.waiters.fetch_or(RESERVED, Relaxed);
                (pause, spent, has_asked) = (pace::turns(RESERVED_PAUSE), 0, true);
            } else if spent < pace::turns(LONGEST) {
                self.pause(pause);
                spent += pause;
            } else {
                self.nap(limit);
                spent = 0;
            }
        }
    }

    /// How many turns the contender lets others overtake it.
    fn patience(&self) -> u32 {
        let patience = P::FAIRNESS.patience.map_or(0, |patience| {
            // Relaxed: an estimate.
            let has_sleepers = self.waiters.load(Relaxed) >= SLEEPER;
            if has_sleepers { patience.with_sleepers } else { patience.alone }
        });
        pace::turns(patience)
    }

    /// The contender sleeps until the next unlock.
    fn nap(&self, limit: Limit<'_>) {
        // Acquire: it may have been stirred just before, and then nobody will do it again.
        let state = self.waiters.fetch_or(NAPPING, Acquire) | NAPPING;
        if limit.is_over() {
            return;
        }
        match P::Unlock::look(&self.held) {
            Ok(HELD) => {
                self.counters.parked();
                self.waiters.wait_among(Role::Contender as u32, state, limit.deadline);
            }
            Ok(_) => {}
            // It may have been overlooked, so nobody would wake it.
            Err(Refused) => yield_now(),
        }
    }

    /// The contender gives up.
    fn resign(&self) {
        let before = self.change(|state| Some(state::resign(state)));
        if before.is_some_and(|state| state >= SLEEPER) {
            self.call_sleeper();
        }
    }

    fn pause(&self, turns: u32) {
        self.counters.spun(turns);
        self.held.pause(HELD, turns);
    }
}
