//! Permits that somebody holds.

use super::RawSemaphore;

/// Some permits of a stage of the ladder; dropped, it gives them back.
///
/// ```
/// use lockset_semaphore::ladder::{MutexCondvar, RawSemaphore};
///
/// let semaphore = MutexCondvar::new(2);
/// let held = semaphore.acquire(2);
/// assert_eq!((held.count(), semaphore.available()), (2, 0));
/// // Forgotten, they are never given back.
/// std::mem::forget(held);
/// assert!(semaphore.try_acquire(1).is_none());
/// ```
#[derive(Debug)]
#[must_use = "the permits are given back when it is dropped"]
pub struct Held<'a, S: RawSemaphore> {
    semaphore: &'a S,
    count: u32,
}

impl<'a, S: RawSemaphore> Held<'a, S> {
    /// To be made by the semaphore, for the one who has taken so many permits.
    pub const fn new(semaphore: &'a S, count: u32) -> Self {
        Self { semaphore, count }
    }

    /// How many permits these are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }
}

impl<S: RawSemaphore> Drop for Held<'_, S> {
    fn drop(&mut self) {
        self.semaphore.release(self.count);
    }
}
