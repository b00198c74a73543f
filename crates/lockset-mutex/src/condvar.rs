//! Waiting, with a mutex, for something that another thread does under that mutex.

mod state;

use core::marker::PhantomData;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use lock_api::{RawCondvarTimed, RawMutex as _};

use crate::policy::{GuardMarker, Policy};
use crate::raw::RawMutex;
use crate::sync::{Waited, Word};

/// The state behind [`Condvar`](crate::Condvar), in 8 bytes, for mutexes with the policy `P`.
///
/// A waiter looks at `sequence`, unlocks the mutex, and sleeps while `sequence` has not changed; a
/// notification changes it and wakes. Beside it, `waiters` counts who waits, and how many of those
/// are certain to wake up already. So a notification makes a system call only if there is a waiter
/// that none has been made for: not if nobody waits, and not for the tenth item that is put into a
/// queue before the one thread that waits for it has woken up.
///
/// # What is promised
///
/// - A notification that comes after a waiter unlocked the mutex wakes that waiter, or another one
///   that had unlocked it by then. One that comes earlier is not remembered.
/// - A wait may end for no reason: wait in a loop, as `wait_while` does. So how many a notification
///   woke is not told: [`notify_one`](lock_api::RawCondvar::notify_one) says `false`, and
///   [`notify_all`](lock_api::RawCondvar::notify_all) says 0.
/// - A timed wait says that it timed out only if its deadline has passed, and then no wake-up was
///   spent on it that another waiter could have had. A waiter that was woken in time says so, even
///   if it got the mutex back after the deadline.
/// - One that began to wait after a notification does not take the wake-up of one that waited
///   before, as long as the system wakes first who slept first. Linux does, among threads of equal
///   priority; and whoever notifies with the mutex locked need not care.
/// - Waiters may come with different mutexes, although that is seldom of use.
///
/// # When not to use it
///
/// If waiters wait for different things, a notification of one may wake the wrong one: give each
/// thing a condition variable of its own, or notify all. To bound how many go on, take a semaphore.
///
/// # Invariants
///
/// 1. A waiter reads `sequence` first, then counts itself, then unlocks, then sleeps; a notifier
///    counts first, then changes `sequence`, then wakes. So each counted waiter that a notifier has
///    seen is one of these: asleep, about to find that `sequence` has changed, or awake.
/// 2. Of the waiters that are counted, at least as many as are counted as *due* leave without
///    another notification. Counting one more as due precedes a wake-up, which reaches somebody who
///    is not on the way yet, unless all are; and whoever leaves takes one off, due or not. So the
///    count may be too low, which costs a system call, and is never too high.
/// 3. Hence if all who wait are due, a notification has nothing to do.
///
/// `sequence` wraps around. A waiter would be misled if, between its look and its falling asleep,
/// exactly 2³² notifications came, each of them for somebody who was not due: as many threads would
/// have to go to sleep and wake up in that time, which takes hours.
///
/// # Notes about memory ordering
///
/// What one thread did under the mutex is visible to the next by the mutex alone, and by it a
/// notifier that has locked it since the waiter unlocked sees that there is a waiter. So all is
/// Relaxed but for one edge, for notifiers without the mutex. By the first invariant a notifier
/// that sees a waiter must not have its change seen by that waiter's earlier look: counting oneself
/// is the Release half, counting as due the Acquire half.
///
/// # Where the ideas are from
///
/// A number to sleep on: U. Drepper, *Futexes Are Tricky* (2004), and Rust's standard library. That
/// a deadline and a wake-up do not meet in one waiter is the kernel's promise, futex(2). Counting
/// those that are due, and its proof, are our own.
#[derive(Debug)]
pub struct RawCondvar<P: Policy> {
    sequence: Word,
    waiters: Word,
    policy: PhantomData<fn(P)>,
}

// SAFETY: `wait` counts itself with the mutex locked, so a notification that comes after the
// unlocking finds it, and by the first invariant wakes it or another one. It takes the mutex back
// before it returns, and puts the new acquisition's state in `guard`; nothing in between unwinds.
unsafe impl<P: Policy> lock_api::RawCondvar for RawCondvar<P> {
    const INIT: Self = Self { sequence: Word::new(0), waiters: Word::new(0), policy: PhantomData };

    type RawMutex = RawMutex<P>;

    // SAFETY: as `sleep`, which has the same contract.
    unsafe fn wait(&self, mutex: &RawMutex<P>, guard: &mut P::Guard) {
        // SAFETY: the caller holds the mutex by `guard`.
        unsafe { self.sleep(mutex, guard, None) };
    }

    #[inline]
    fn notify_one(&self) -> bool {
        if self.change(state::owe_one) {
            // Relaxed: see the notes above.
            self.sequence.fetch_add(1, Relaxed);
            self.sequence.wake(1);
        }
        false
    }

    #[inline]
    fn notify_all(&self) -> usize {
        if self.change(state::owe_all) {
            // Relaxed: see the notes above.
            self.sequence.fetch_add(1, Relaxed);
            self.sequence.wake(u32::MAX);
        }
        0
    }
}

// SAFETY: As `RawCondvar` above; a deadline that cannot be represented is none.
unsafe impl<P: Policy> RawCondvarTimed for RawCondvar<P> {
    fn checked_duration_to_instant(timeout: &Duration) -> Option<Instant> {
        Instant::now().checked_add(*timeout)
    }

    // SAFETY: as `sleep`, which has the same contract.
    unsafe fn wait_until(
        &self,
        mutex: &RawMutex<P>,
        guard: &mut P::Guard,
        deadline: &Instant,
    ) -> bool {
        // SAFETY: the caller holds the mutex by `guard`.
        let waited = unsafe { self.sleep(mutex, guard, Some(*deadline)) };
        waited == Waited::TimedOut
    }
}

impl<P: Policy> RawCondvar<P> {
    /// Unlocks the mutex, sleeps until notified or until the deadline, and locks the mutex.
    ///
    /// # Safety
    ///
    /// The caller holds the mutex by `guard`, and uses nothing that it guards before this returns.
    unsafe fn sleep(
        &self,
        mutex: &RawMutex<P>,
        guard: &mut P::Guard,
        deadline: Option<Instant>,
    ) -> Waited {
        // Relaxed: the next line puts it in its place.
        let seen = self.sequence.load(Relaxed);
        // Release: see the notes on the type.
        self.waiters.fetch_add(state::WAITER, Release);
        // SAFETY: the caller holds the mutex by this guard state, which is used up here.
        unsafe { mutex.unlock(core::mem::replace(guard, P::Guard::NEW)) };
        let waited = self.sequence.wait(seen, deadline);
        self.change(state::leave);
        *guard = mutex.lock();
        waited
    }

    /// Changes `waiters` to what `step` says; whether there was anything to change.
    #[inline]
    fn change(&self, step: impl Fn(u32) -> Option<u32>) -> bool {
        // Relaxed, here and for a failed try: it is only where to begin.
        let mut state = self.waiters.load(Relaxed);
        while let Some(next) = step(state) {
            // Acquire: for who counts as due; see the notes on the type.
            match self.waiters.compare_exchange_weak(state, next, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(newer) => state = newer,
            }
        }
        false
    }
}
