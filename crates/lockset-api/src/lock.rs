//! The blocking verbs: exclusive, shared, and by permits.

use core::error::Error;

use crate::Deadline;

/// A lock that excludes everybody else while its guard lives.
///
/// The three verbs differ in how long they wait: [`lock`](Lock::lock) until it is granted,
/// [`try_lock`](Lock::try_lock) not at all, [`lock_until`](Lock::lock_until) until a deadline. What
/// every implementation promises, and the conformance suite checks:
///
/// - at most one guard at a time, among everybody whom this lock excludes;
/// - dropping the guard gives the lock back, also when a panic drops it, and lets a waiter have it;
/// - what the holder did before the drop is seen by the next holder (release and acquire);
/// - a waiter that gives up leaves no trace: it takes no wake-up meant for another, and the lock is
///   not taken on its behalf afterwards.
///
/// Not promised: order among waiters, and that a holder may take the lock again. Locking twice in
/// one thread waits for ever.
pub trait Lock {
    /// What holds the lock, and gives it back when dropped.
    type Guard<'a>
    where
        Self: 'a;
    /// Why the lock could not be had; [`Infallible`](core::convert::Infallible) for a mutex.
    type Error: Error + Send + Sync + 'static;

    /// Waits until the lock is granted.
    ///
    /// # Errors
    ///
    /// When the lock itself cannot work: its server is gone, its file unreadable.
    fn lock(&self) -> Result<Self::Guard<'_>, Self::Error>;

    /// Takes the lock if nobody holds it; `Ok(None)` if somebody does.
    ///
    /// # Errors
    ///
    /// As [`Lock::lock`]. That somebody else holds it is no error.
    fn try_lock(&self) -> Result<Option<Self::Guard<'_>>, Self::Error>;

    /// Waits until the lock is granted or `deadline` has passed; `Ok(None)` then, never earlier.
    ///
    /// A deadline in the past makes this a [`try_lock`](Lock::try_lock).
    ///
    /// # Errors
    ///
    /// As [`Lock::lock`]. That the deadline passed is no error.
    fn lock_until(&self, deadline: Deadline) -> Result<Option<Self::Guard<'_>>, Self::Error>;
}

/// A lock that readers share and that a writer has alone.
///
/// [`Lock`]'s verbs take it exclusively, those here share it. Whether a waiting writer keeps new
/// readers out is up to the lock, and said there.
pub trait SharedLock: Lock {
    /// What shares the lock, and gives its share back when dropped.
    type SharedGuard<'a>
    where
        Self: 'a;

    /// Waits until no writer holds the lock.
    ///
    /// # Errors
    ///
    /// As [`Lock::lock`].
    fn read(&self) -> Result<Self::SharedGuard<'_>, Self::Error>;

    /// Shares the lock if no writer holds it; `Ok(None)` if one does.
    ///
    /// # Errors
    ///
    /// As [`Lock::lock`].
    fn try_read(&self) -> Result<Option<Self::SharedGuard<'_>>, Self::Error>;

    /// Waits until no writer holds the lock or `deadline` has passed; `Ok(None)` then.
    ///
    /// # Errors
    ///
    /// As [`Lock::lock`].
    fn read_until(&self, deadline: Deadline) -> Result<Option<Self::SharedGuard<'_>>, Self::Error>;
}

/// A lock that so many may hold at once: `n` permits are taken together, or none of them.
pub trait Permits {
    /// What holds the permits, and gives them back when dropped.
    type Permit<'a>
    where
        Self: 'a;
    /// Why permits could not be had.
    type Error: Error + Send + Sync + 'static;

    /// Waits until `n` permits are granted.
    ///
    /// # Errors
    ///
    /// When `n` can never be granted, or the lock itself cannot work.
    fn acquire(&self, n: usize) -> Result<Self::Permit<'_>, Self::Error>;

    /// Takes `n` permits if they are there and nobody waits before us; `Ok(None)` otherwise.
    ///
    /// # Errors
    ///
    /// As [`Permits::acquire`].
    fn try_acquire(&self, n: usize) -> Result<Option<Self::Permit<'_>>, Self::Error>;

    /// Waits until `n` permits are granted or `deadline` has passed; `Ok(None)` then.
    ///
    /// # Errors
    ///
    /// As [`Permits::acquire`].
    fn acquire_until(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<Self::Permit<'_>>, Self::Error>;
}
