//! Permits that are held.

use core::fmt;
use core::mem;

use crate::{Handle, SemaphoreWith};

/// Permits of a semaphore; dropping them gives them back.
///
/// `Permit<&Semaphore>` borrows the semaphore; `Permit<Arc<Semaphore>>` owns a share of it, and so
/// can go wherever a value can. Both may be sent to another thread, and dropped there.
#[must_use = "permits that are dropped are given back at once"]
pub struct Permit<S: Handle> {
    semaphore: S,
    count: usize,
}

impl<S: Handle> Permit<S> {
    /// Permits that have been taken from the semaphore's word.
    #[inline]
    pub(crate) const fn new(semaphore: S, count: usize) -> Self {
        Self { semaphore, count }
    }

    /// How many permits these are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The semaphore that they are of.
    #[must_use]
    pub fn semaphore(&self) -> &SemaphoreWith<S::Policy> {
        self.semaphore.semaphore()
    }

    /// Splits off `n` of them, to be given back separately; `None`, and nothing done, if there are
    /// fewer.
    ///
    /// ```
    /// # use lockset_semaphore::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// let mut all = semaphore.acquire(3)?;
    /// let one = all.split(1).unwrap();
    /// drop(all);
    /// assert_eq!((one.count(), semaphore.available()), (1, 2));
    /// # Ok::<(), lockset_semaphore::AcquireError>(())
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.count = self.count.checked_sub(n)?;
        Some(Self::new(self.semaphore.clone(), n))
    }

    /// Takes another's permits over.
    ///
    /// # Errors
    ///
    /// They are returned if they are of another semaphore.
    ///
    /// ```
    /// # use lockset_semaphore::Semaphore;
    /// let (semaphore, other) = (Semaphore::new(3), Semaphore::new(1));
    /// let (mut one, two) = (semaphore.acquire(1)?, semaphore.acquire(2)?);
    /// one.merge(two).unwrap();
    /// assert_eq!(one.count(), 3);
    /// assert!(one.merge(other.acquire(1)?).is_err());
    /// # Ok::<(), lockset_semaphore::AcquireError>(())
    /// ```
    pub fn merge(&mut self, mut other: Self) -> Result<(), Self> {
        if !core::ptr::eq(self.semaphore.semaphore(), other.semaphore.semaphore()) {
            return Err(other);
        }
        // No overflow: together they are no more than were ever handed out.
        self.count += mem::take(&mut other.count);
        Ok(())
    }

    /// Never gives them back: they pay the semaphore's debt, if its limit was lowered below what is
    /// held, and the limit is lowered by the rest. Waiters that want more than there are then get
    /// [`TooMany`](crate::AcquireError::TooMany).
    ///
    /// ```
    /// # use lockset_semaphore::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// semaphore.acquire(1)?.forget();
    /// assert_eq!((semaphore.limit(), semaphore.available()), (2, 2));
    /// # Ok::<(), lockset_semaphore::AcquireError>(())
    /// ```
    pub fn forget(mut self) {
        let count = mem::take(&mut self.count);
        self.semaphore.semaphore().forget(count);
    }
}

impl<S: Handle> Drop for Permit<S> {
    #[inline]
    fn drop(&mut self) {
        if self.count > 0 {
            self.semaphore.semaphore().release(self.count);
        }
    }
}

impl<S: Handle> fmt::Debug for Permit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.count).finish_non_exhaustive()
    }
}
