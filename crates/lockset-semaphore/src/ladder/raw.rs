//! What a stage can do, as traits: each is the one before it, and more.

use core::fmt::Debug;

use lockset_api::Deadline;

use super::Held;

/// A semaphore of the ladder: all stages.
///
/// A request for more permits than there ever are is never served, and blocks its thread for ever:
/// no stage knows how many there are. There may be as many as fit in 31 bits.
pub trait RawSemaphore: Debug + Send + Sync + Sized {
    /// A semaphore with so many free permits.
    #[must_use]
    fn new(permits: u32) -> Self;

    /// Blocks this thread until it has `n` permits. Dropping the result gives them back.
    fn acquire(&self, n: u32) -> Held<'_, Self>;

    /// `n` permits, if they may be had now; `None` otherwise.
    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>>;

    /// Adds `n` permits: those of a [`Held`] that is dropped, or new ones.
    fn release(&self, n: u32);

    /// How many permits are free, at some moment during the call.
    fn available(&self) -> u32;
}

/// A semaphore that knows who waits for it: from stage 4. First come, first served.
pub trait QueuedSemaphore: RawSemaphore {
    /// How many wait, at some moment during the call.
    fn waiting(&self) -> usize;
}

/// A semaphore whose waiters may give up: from stage 5.
pub trait TimedSemaphore: QueuedSemaphore {
    /// Blocks this thread until it has `n` permits or `deadline` has passed; `None` then.
    ///
    /// ```
    /// use lockset_semaphore::ladder::{GivingUp, QueuedSemaphore, RawSemaphore, TimedSemaphore};
    /// use lockset_api::Deadline;
    /// use std::time::Duration;
    ///
    /// let semaphore = GivingUp::new(1);
    /// let soon = Deadline::after(Duration::from_millis(1));
    /// assert!(semaphore.acquire_until(2, soon).is_none());
    /// assert_eq!((semaphore.waiting(), semaphore.available()), (0, 1));
    /// ```
    fn acquire_until(&self, n: u32, deadline: Deadline) -> Option<Held<'_, Self>>;
}

/// A semaphore for which tasks wait beside threads: stage 6.
pub trait AsyncSemaphore: TimedSemaphore {
    /// The request of a task.
    ///
    /// Cancel-safe: dropped, it gives up its place and gives back what was granted meanwhile.
    type Acquire<'a>: Future<Output = Held<'a, Self>> + Send
    where
        Self: 'a;

    /// Waits for `n` permits. It has no place in the queue before it is polled.
    ///
    /// ```
    /// use lockset_semaphore::ladder::{AsyncSemaphore, RawSemaphore, Wakers};
    ///
    /// let semaphore = Wakers::new(2);
    /// let held = lockset_api::block_on(semaphore.acquire_async(2));
    /// assert_eq!((held.count(), semaphore.available()), (2, 0));
    /// ```
    fn acquire_async(&self, n: u32) -> Self::Acquire<'_>;
}
