//! The semaphore.

use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::Arc;

use lockset_api::Deadline;

use crate::acquire::{self, Acquire};
use crate::error::LimitError;
use crate::policy::Policy;
use crate::queue::{Context, Queue};
use crate::sync::{Mutex, Word};
use crate::word::{self, CLOSED, MAX_PERMITS, Try, WAITERS};
use crate::{AcquireError, Permit};

/// So many permits, with a [`Policy`] of your choice. [`Semaphore`](crate::Semaphore) is the one
/// that grants them in the order in which they were asked for.
///
/// Threads and tasks wait in one queue. A request for several permits is granted all of them or
/// none, and none are set aside for it: what it waits for stays with the semaphore until it is
/// enough.
///
/// A waiter that gives up, by a deadline or by dropping the future, leaves no trace: its place is
/// free, and permits granted to it in that moment, or the wake-up, go to the next.
///
/// # Cost
///
/// Taking permits that are free is one atomic exchange, and so is giving them back while nobody
/// waits; neither takes a lock. Waiting allocates nothing: the place in the queue is in the future,
/// or on the thread's stack.
///
/// # Notes about memory ordering
///
/// - What was done before permits were given back, or the limit was raised, happens before whatever
///   is done after permits are taken that were free only thereby. More than that: all changes of
///   one semaphore have one order, and whoever takes permits sees what was done before any earlier
///   return of permits, whether those were needed or not.
/// - What was done before [`close`](Self::close) happens before what is done by those who are told
///   [`AcquireError::Closed`].
/// - An attempt that fails for want of permits, and the counts, order nothing.
///
/// The first is by the word: permits are given back by a Release addition to it, and taken by an
/// Acquire exchange of it. It is changed by read-modify-writes only, so each taking synchronizes
/// with every addition before it. A waiter that is served by somebody else is told by a Release
/// store to its node, which it reads by Acquire.
pub struct SemaphoreWith<P: Policy> {
    word: Word,
    /// How many there are in all; changed with the queue locked.
    limit: Word,
    pub(crate) queue: Mutex<Queue>,
    policy: PhantomData<P>,
}

impl<P: Policy> SemaphoreWith<P> {
    /// A semaphore with this many permits.
    ///
    /// # Panics
    ///
    /// If they are more than [`MAX_PERMITS`].
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        assert!(permits <= MAX_PERMITS, "a semaphore has no more than `MAX_PERMITS` permits");
        Self {
            word: Word::new(word::permits(permits)),
            limit: Word::new(permits),
            queue: Mutex::new(Queue::new()),
            policy: PhantomData,
        }
    }

    /// Blocks the thread until `n` permits are granted.
    ///
    /// None at all, `acquire(0)`, are granted at once, whoever waits. Inside an async runtime it
    /// blocks the runtime's thread, as every blocking call does; use
    /// [`acquire_async`](Self::acquire_async) there.
    ///
    /// # Errors
    ///
    /// [`AcquireError::TooMany`] if there are not that many permits in all, or the limit is lowered
    /// below them meanwhile; [`AcquireError::Closed`] if the semaphore is closed before they are
    /// granted.
    ///
    /// ```
    /// use lockset_semaphore::{AcquireError, Semaphore};
    ///
    /// let semaphore = Semaphore::new(2);
    /// let both = semaphore.acquire(2).unwrap();
    /// assert!(semaphore.try_acquire(1).unwrap().is_none());
    /// drop(both);
    /// let error = semaphore.acquire(3).unwrap_err();
    /// assert!(matches!(error, AcquireError::TooMany { asked: 3, limit: 2, .. }));
    /// ```
    #[inline]
    pub fn acquire(&self, n: usize) -> Result<Permit<&Self>, AcquireError> {
        forever(|| acquire::acquire_until(self, n, Deadline::NEVER))
    }

    /// As [`acquire`](Self::acquire), with permits that own a share of the semaphore.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub fn acquire_owned(self: &Arc<Self>, n: usize) -> Result<Permit<Arc<Self>>, AcquireError> {
        forever(|| acquire::acquire_until(Arc::clone(self), n, Deadline::NEVER))
    }

    /// Blocks the thread until `n` permits are granted or `deadline` has passed; `Ok(None)` then.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub fn acquire_until(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<Permit<&Self>>, AcquireError> {
        acquire::acquire_until(self, n, deadline)
    }

    /// As [`acquire_until`](Self::acquire_until), with permits that own a share of the semaphore.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub fn acquire_owned_until(
        self: &Arc<Self>,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<Permit<Arc<Self>>>, AcquireError> {
        acquire::acquire_until(Arc::clone(self), n, deadline)
    }

    /// Takes `n` permits if they are free, and the policy lets them be taken though others wait;
    /// `Ok(None)` otherwise.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub fn try_acquire(&self, n: usize) -> Result<Option<Permit<&Self>>, AcquireError> {
        Ok(self.try_take(n)?.map(|()| Permit::new(self, n)))
    }

    /// As [`try_acquire`](Self::try_acquire), with permits that own a share of the semaphore.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub fn try_acquire_owned(
        self: &Arc<Self>,
        n: usize,
    ) -> Result<Option<Permit<Arc<Self>>>, AcquireError> {
        Ok(self.try_take(n)?.map(|()| Permit::new(Arc::clone(self), n)))
    }

    /// Waits as a task until `n` permits are granted: in any runtime, or in none.
    ///
    /// Nothing happens before the first poll. Cancel-safe: dropping the future gives up the place
    /// in the queue and gives back what was granted meanwhile.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub fn acquire_async(&self, n: usize) -> Acquire<&Self> {
        Acquire::new(self, n)
    }

    /// As [`acquire_async`](Self::acquire_async), with permits that own a share of the semaphore.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lockset_semaphore::Semaphore;
    ///
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = lockset_api::block_on(semaphore.acquire_owned_async(1)).unwrap();
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert_eq!(semaphore.available(), 1);
    /// ```
    #[inline]
    pub fn acquire_owned_async(self: &Arc<Self>, n: usize) -> Acquire<Arc<Self>> {
        Acquire::new(Arc::clone(self), n)
    }

    /// How many permits there are in all, those that are held included.
    #[must_use]
    pub fn limit(&self) -> usize {
        // Relaxed: a number, and no news.
        self.limit.load(Relaxed)
    }

    /// Changes how many permits there are in all; the old number as the result.
    ///
    /// If more than that are held, none are taken away: the first ones that are given back pay the
    /// debt. Waiters that want more than there are now get [`AcquireError::TooMany`].
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
                // Release: see the notes on the type.
                self.word.fetch_add(word::permits(permits - old), Release);
            }
            old
        }))
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

    /// Sends all waiters away with [`AcquireError::Closed`], now and in future. Permits that are
    /// held, or were granted before, stay good.
    pub fn close(&self) {
        self.visit(|_| {
            // Release: see the notes on the type.
            self.word.fetch_or(CLOSED, Release);
        });
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // Acquire: see the notes on the type.
        word::is_closed(self.word.load(core::sync::atomic::Ordering::Acquire))
    }

    #[inline]
    pub(crate) fn take(&self, n: usize) -> Try {
        word::take(&self.word, n, P::RULES.obstacles())
    }

    #[inline]
    fn try_take(&self, n: usize) -> Result<Option<()>, AcquireError> {
        match self.take(n) {
            Try::Taken => Ok(Some(())),
            Try::Closed => Err(AcquireError::Closed),
            Try::Busy => {
                let limit = self.limit();
                if n > limit { Err(AcquireError::TooMany { asked: n, limit }) } else { Ok(None) }
            }
        }
    }

    /// Gives `n` permits back.
    #[inline]
    pub(crate) fn release(&self, n: usize) {
        // Release: see the notes on the type.
        if self.word.fetch_add(word::permits(n), Release) & WAITERS != 0 {
            self.tend();
        }
    }

    /// Takes `n` permits that are held out of the world.
    pub(crate) fn forget(&self, n: usize) {
        self.visit(|queue| {
            // Relaxed, both: it changes with the queue locked.
            let limit = self.limit.load(Relaxed);
            self.limit.store(limit.saturating_sub(n), Relaxed);
            // In debt, they may be more than the limit: those pay it.
            let paid = n.saturating_sub(limit);
            // Relaxed: this carries no news, as whoever pays a debt does not give anything back.
            self.word.fetch_add(word::permits(paid), Relaxed);
            queue.limit_is_lowered();
        });
    }

    #[cold]
    fn tend(&self) {
        self.visit(|_| {});
    }

    /// Changes something with the queue locked, then serves and wakes whom that concerns.
    pub(crate) fn visit<R>(&self, change: impl FnOnce(&mut Queue) -> R) -> R {
        let mut queue = self.queue.lock();
        let result = change(&mut queue);
        loop {
            let mut wake = None;
            let tended = queue.tend(self.context(), &mut wake);
            drop(queue);
            if let Some(wake) = wake {
                let rest = Rest(self);
                wake.wake();
                mem::forget(rest);
            }
            if tended.is_ok() {
                return result;
            }
            queue = self.queue.lock();
        }
    }

    pub(crate) const fn context(&self) -> Context<'_> {
        Context { word: &self.word, limit: &self.limit, rules: P::RULES }
    }
}

/// Those who are served after one whose waker panics: dropped by the panic, it sees to them.
struct Rest<'a, P: Policy>(&'a SemaphoreWith<P>);

impl<P: Policy> Drop for Rest<'_, P> {
    fn drop(&mut self) {
        self.0.tend();
    }
}

/// What has no deadline does not return without an answer.
#[inline]
fn forever<T>(
    mut acquire: impl FnMut() -> Result<Option<T>, AcquireError>,
) -> Result<T, AcquireError> {
    loop {
        if let Some(permit) = acquire()? {
            return Ok(permit);
        }
    }
}

impl<P: Policy> fmt::Debug for SemaphoreWith<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("limit", &self.limit())
            .field("available", &self.available())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
