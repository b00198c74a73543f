//! The calls to the kernel that the stages make: all of them, and each is counted.
//!
//! What is counted is that a thread asked to sleep, or for others to be woken. Whether the kernel
//! has much to do is another matter: it lets nobody sleep on a word that has just changed.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use crate::sync::{Condvar, Parker, PlainGuard, Waited, Word32};

/// How often one thread has asked the kernel for something on behalf of a semaphore of the ladder.
///
/// ```
/// use lockset_semaphore::ladder::{Calls, CountFutex, RawSemaphore};
///
/// let calls = Calls::of_this_thread();
/// drop(CountFutex::new(1).acquire(1));
/// // Nobody waited. It asked all the same.
/// assert_eq!((calls.sleeps(), calls.wakes()), (0, 1));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sleeps: AtomicU64,
    wakes: AtomicU64,
}

std::thread_local! {
    static CALLS: Calls = Calls::default();
}

impl Calls {
    /// The calls of the calling thread, so far and from now on; for any thread to look at.
    #[must_use]
    pub fn of_this_thread() -> Self {
        CALLS.with(Clone::clone)
    }

    /// How often it went to sleep, or was about to.
    #[must_use]
    pub fn sleeps(&self) -> u64 {
        // Relaxed, here and below: the numbers order nothing.
        self.0.sleeps.load(Relaxed)
    }

    /// How often it had others woken, who may not have been there.
    #[must_use]
    pub fn wakes(&self) -> u64 {
        // Relaxed: as above.
        self.0.wakes.load(Relaxed)
    }
}

fn count(which: fn(&Counts) -> &AtomicU64) {
    // Relaxed: as above. A thread that is ending has no locals any more, and is not counted.
    let _ = CALLS.try_with(|calls| which(&calls.0).fetch_add(1, Relaxed));
}

fn count_sleep() {
    count(|counts| &counts.sleeps);
}

fn count_wake() {
    count(|counts| &counts.wakes);
}

/// Sleeps until woken, if the word is still as it was `seen`; perhaps for no time at all.
pub(super) fn sleep(word: &Word32, seen: u32) {
    count_sleep();
    word.wait(seen, None);
}

/// Wakes up to `count` threads that sleep on the word.
pub(super) fn wake(word: &Word32, count: u32) {
    count_wake();
    word.wake(count);
}

/// Unlocks, sleeps until notified, and locks again.
pub(super) fn wait<'a, T>(condvar: &Condvar, guard: PlainGuard<'a, T>) -> PlainGuard<'a, T> {
    count_sleep();
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Wakes all who wait. std's condition variable calls the kernel each time.
pub(super) fn notify_all(condvar: &Condvar) {
    count_wake();
    condvar.notify_all();
}

/// Sleeps until unparked, or until the deadline.
pub(super) fn park(parker: &Parker, deadline: Option<Instant>) -> Waited {
    count_sleep();
    parker.park(deadline)
}

/// Ends the sleep of the parker's thread.
pub(super) fn unpark(parker: &Parker) {
    count_wake();
    parker.unpark();
}
