//! How many permits there are: in all, free, held and wanted; and how that is changed.

use core::sync::atomic::Ordering::Relaxed;

use crate::SemaphoreWith;
use crate::error::LimitError;
use crate::policy::Policy;
use crate::word::{self, MAX_PERMITS};

impl<P: Policy> SemaphoreWith<P> {
    /// How many permits there are in all, those that are held included.
    #[must_use]
    pub fn limit(&self) -> usize {
        // Relaxed: a number, and no news.
        self.limit.load(Relaxed)
    }

    /// Changes how many permits there are in all; the old number as the result.
    ///
    /// If more than that are held, none are taken away: the first ones that are given back pay the
    /// debt. Waiters that want more than there are now get
    /// [`TooMany`](crate::AcquireError::TooMany).
    ///
    /// # Errors
    ///
    /// [`LimitError`], and nothing is changed, if they are more than [`MAX_PERMITS`].
    ///
    /// ```
    /// # use lockset_semaphore::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// let mut held = semaphore.acquire(3).unwrap();
    /// assert_eq!(semaphore.set_limit(2), Ok(3));
    /// drop(held.split(1));
    /// assert_eq!((semaphore.in_use(), semaphore.available()), (2, 0));
    /// drop(held);
    /// assert_eq!(semaphore.available(), 2);
    /// ```
    pub fn set_limit(&self, permits: usize) -> Result<usize, LimitError> {
        if permits > MAX_PERMITS {
            return Err(LimitError { asked: permits });
        }
        Ok(self.visit(|queue| {
            // Relaxed, both: it changes with the queue locked.
            let old = self.limit.load(Relaxed);
            self.limit.store(permits, Relaxed);
            if permits < old {
                // Relaxed: whoever finds fewer permits learns nothing else.
                self.word.fetch_sub(word::permits(old - permits), Relaxed);
                queue.limit_is_lowered();
            } else {
                self.give_back(permits - old);
            }
            old
        }))
    }

    /// Raises the limit by `n`: so many more permits are free, or pay a debt.
    ///
    /// # Errors
    ///
    /// [`LimitError`], and nothing is changed, if there were more than [`MAX_PERMITS`] then.
    pub fn add_permits(&self, n: usize) -> Result<(), LimitError> {
        self.visit(|_| {
            // Relaxed: it changes with the queue locked.
            let asked = self.limit.load(Relaxed).saturating_add(n);
            if asked > MAX_PERMITS {
                return Err(LimitError { asked });
            }
            // Relaxed: as above.
            self.limit.store(asked, Relaxed);
            self.give_back(n);
            Ok(())
        })
    }

    /// Lowers the limit by up to `n`, of permits that are free; by how many as the result.
    ///
    /// ```
    /// # use lockset_semaphore::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// let held = semaphore.acquire(1).unwrap();
    /// assert_eq!(semaphore.forget_permits(5), 2);
    /// assert_eq!((semaphore.limit(), semaphore.in_use()), (1, 1));
    /// # drop(held);
    /// ```
    pub fn forget_permits(&self, n: usize) -> usize {
        self.visit(|queue| {
            let forgotten = self.change_word(|free| {
                let free = usize::try_from(free).unwrap_or(0);
                -free.min(n).cast_signed()
            });
            let forgotten = forgotten.unsigned_abs();
            // Relaxed: it changes with the queue locked.
            self.limit.fetch_sub(forgotten, Relaxed);
            queue.limit_is_lowered();
            forgotten
        })
    }

    /// How many permits are free at this moment; it may be another number by the time it is read.
    #[must_use]
    pub fn available(&self) -> usize {
        // Relaxed: a number, and no news.
        word::free(self.word.load(Relaxed)).try_into().unwrap_or(0)
    }

    /// How many permits are held at this moment, or granted and about to be.
    #[must_use]
    pub fn in_use(&self) -> usize {
        let queue = self.queue.lock();
        // Relaxed: as above. The limit does not change while the queue is locked.
        let free = word::free(self.word.load(Relaxed));
        let in_use = self.limit().saturating_add_signed(free.saturating_neg());
        drop(queue);
        in_use
    }

    /// How many threads and tasks wait at this moment.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.lock().len()
    }

    /// Takes `n` permits that are held out of the world.
    pub(crate) fn forget(&self, n: usize) {
        self.visit(|queue| {
            let paid = self.change_word(|free| {
                let debt = free.min(0).unsigned_abs();
                debt.min(n).cast_signed()
            });
            // Relaxed: it changes with the queue locked. What is held beyond a debt is no more than
            // the limit.
            self.limit.fetch_sub(n - paid.unsigned_abs(), Relaxed);
            queue.limit_is_lowered();
        });
    }

    /// Adds to the free permits what `change` makes of their number, which is the result; called
    /// with the queue locked.
    fn change_word(&self, change: impl Fn(isize) -> isize) -> isize {
        // Relaxed: the exchange below finds out if it is old.
        let mut seen = self.word.load(Relaxed);
        loop {
            let more = change(word::free(seen));
            let next = seen.wrapping_add(word::permits(more.cast_unsigned()));
            // Relaxed, both: nothing is given back, so there is no news to carry, nor any to learn.
            match self.word.compare_exchange_weak(seen, next, Relaxed, Relaxed) {
                Ok(_) => return more,
                Err(newer) => seen = newer,
            }
        }
    }
}
