//! The semaphore.

use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::sync::atomic::Ordering::Release;
use std::sync::Arc;

use lockset_api::Deadline;

use crate::acquire::{self, Acquire};
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
/// # Panics of others
///
/// A waker is somebody else's code. If one panics that is called by a return of permits, by
/// [`close`](Self::close) or by a change of the limit, the panic comes out there; the rest of the
/// queue is served all the same, and no permit is lost. If another one panics meanwhile, the
/// process is aborted, as by any panic in a destructor.
///
/// # In a runtime
///
/// No runtime is known here, so none is told that time passes: a task that acquires again and again
/// what is free does not yield, as it would with a semaphore of its runtime's.
///
/// # Notes about memory ordering
///
/// - What was done before permits were given back, or the limit was raised, happens before whatever
///   is done after permits are taken that were free only thereby. More than that: all changes of
///   one semaphore have one order, and whoever takes permits sees what was done before any earlier
///   return of permits, whether those were needed or not.
/// - What was done before [`close`](Self::close) happens before what is done by those who are told
///   [`AcquireError::Closed`].
/// - Permits that are taken are not thereby ordered before a later taking, and an attempt that
///   fails for want of permits, a limit that is lowered, a permit that is forgotten, and the counts
///   order nothing. Here tokio's semaphore promises more: it has an order for those, too.
/// - `acquire(0)` takes nothing, and learns no more than whether the semaphore is closed, as
///   [`is_closed`](Self::is_closed) does.
///
/// The first is by the word: permits are given back by a Release addition to it, and taken by an
/// Acquire exchange of it. It is changed by read-modify-writes only, so each taking synchronizes
/// with every addition before it. A waiter that is served by somebody else is told by a Release
/// store to its node, which it reads by Acquire.
pub struct SemaphoreWith<P: Policy> {
    pub(crate) word: Word,
    /// How many there are in all; changed with the queue locked.
    pub(crate) limit: Word,
    /// Whether a request for more than that waits until there are so many.
    is_growing: bool,
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
            is_growing: false,
            queue: Mutex::new(Queue::new()),
            policy: PhantomData,
        }
    }

    /// A semaphore with this many permits to begin with, to which more will be
    /// [added](Self::add_permits): a signal, a bucket of tokens.
    ///
    /// A request for more permits than there are in all is not refused, as it is of a
    /// [`new`](Self::new) one, where it could only be a mistake: it waits until there are so many.
    ///
    /// # Panics
    ///
    /// If they are more than [`MAX_PERMITS`].
    ///
    /// ```
    /// use lockset_semaphore::Semaphore;
    ///
    /// static READY: Semaphore = Semaphore::growing(0);
    ///
    /// let waiter = std::thread::spawn(|| READY.acquire(2).map(|both| both.forget()));
    /// READY.add_permits(1)?;
    /// READY.add_permits(1)?;
    /// waiter.join().unwrap().unwrap();
    /// assert_eq!(READY.limit(), 0);
    /// # Ok::<(), lockset_semaphore::LimitError>(())
    /// ```
    #[must_use]
    pub const fn growing(permits: usize) -> Self {
        let mut semaphore = Self::new(permits);
        semaphore.is_growing = true;
        semaphore
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
    /// below them meanwhile, unless it is a [`growing`](Self::growing) one;
    /// [`AcquireError::Closed`] if the semaphore is closed before they are granted.
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
            Try::Busy if n > self.most() => {
                Err(AcquireError::TooMany { asked: n, limit: self.limit() })
            }
            Try::Busy => Ok(None),
        }
    }

    /// Gives `n` permits back.
    #[inline]
    pub(crate) fn release(&self, n: usize) {
        if self.give_back(n) & WAITERS != 0 {
            self.tend();
        }
    }

    /// Adds `n` permits to the word, which is returned as it was. Whoever may have waiters tends to
    /// them afterwards.
    #[inline]
    pub(crate) fn give_back(&self, n: usize) -> usize {
        // Release: see the notes on the type.
        self.word.fetch_add(word::permits(n), Release)
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

    /// What belongs to the queue, which is locked.
    pub(crate) fn context(&self) -> Context<'_> {
        Context { word: &self.word, most: self.most(), rules: P::RULES }
    }

    /// The most that may be asked for.
    fn most(&self) -> usize {
        if self.is_growing { MAX_PERMITS } else { self.limit() }
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

#[cfg(test)]
mod tests;
