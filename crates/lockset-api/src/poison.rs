//! Poisoning, as a wrapper of data: whatever lock it is under.
//!
//! A lock that is released by a panic leaves the data as they were at that moment, half changed
//! perhaps. Whether that matters only the data's owner knows, so it is no property of a lock here:
//! who needs to know wraps the data.

use core::fmt;
use core::ops::{Deref, DerefMut};
use std::thread;

/// Data that are marked as poisoned by a panic in the middle of a change.
///
/// It works under a lock of any kind, since it asks for nothing but exclusive access. It is std's
/// poisoning (`std::sync::Mutex`), taken out of the mutex; and as there, a mark is a warning, which
/// can be overruled and taken away.
///
/// ```
/// use std::panic::{AssertUnwindSafe, catch_unwind};
///
/// use lockset_api::Poison;
/// use parking_lot::Mutex;
///
/// let account = Mutex::new(Poison::new((70, 30)));
/// let transfer = |cents: i32| {
///     let mut guard = account.lock();
///     let mut sums = guard.enter().map_err(|poisoned| poisoned.to_string())?;
///     sums.0 -= cents;
///     assert!(sums.0 >= 0, "not covered");
///     sums.1 += cents;
///     Ok::<(), String>(())
/// };
/// assert!(catch_unwind(AssertUnwindSafe(|| transfer(100))).is_err());
/// assert_eq!(transfer(1).unwrap_err(), "a thread panicked while it changed the data");
/// ```
///
/// # When not to use it
///
/// If each change is one step, or if what a panic leaves behind is thrown away anyway. And it does
/// not see a change that ends early by other means: an early return, a task that is dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Poison<T: ?Sized> {
    is_poisoned: bool,
    value: T,
}

impl<T> Poison<T> {
    /// Wraps data that are in order.
    pub const fn new(value: T) -> Self {
        Self { is_poisoned: false, value }
    }

    /// The data.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], with the data, if a panic has interrupted a change.
    pub fn into_inner(self) -> Result<T, Poisoned<T>> {
        if self.is_poisoned { Err(Poisoned { access: self.value }) } else { Ok(self.value) }
    }
}

impl<T: ?Sized> Poison<T> {
    /// Gives access to the data, and watches for a panic until the guard is dropped.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], with access to the data, if a panic has interrupted a change.
    pub fn enter(&mut self) -> Result<PoisonGuard<'_, T>, Poisoned<PoisonGuard<'_, T>>> {
        let is_poisoned = self.is_poisoned;
        let guard = PoisonGuard { poison: self, was_panicking: thread::panicking() };
        if is_poisoned { Err(Poisoned { access: guard }) } else { Ok(guard) }
    }

    /// Whether a panic has interrupted a change.
    pub const fn is_poisoned(&self) -> bool {
        self.is_poisoned
    }

    /// Takes the mark away: the data are in order again, or it does not matter.
    pub const fn clear(&mut self) {
        self.is_poisoned = false;
    }
}

impl<T> From<T> for Poison<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Access to the data in a [`Poison`], which marks them if it is dropped by a panic.
///
/// A panic that was under way when it was made does not count: the change is then made by
/// somebody's destructor, and is not what was interrupted.
#[must_use = "a panic marks the data only while this lives"]
#[derive(Debug)]
pub struct PoisonGuard<'a, T: ?Sized> {
    poison: &'a mut Poison<T>,
    was_panicking: bool,
}

impl<T: ?Sized> Deref for PoisonGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.poison.value
    }
}

impl<T: ?Sized> DerefMut for PoisonGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.poison.value
    }
}

impl<T: ?Sized> Drop for PoisonGuard<'_, T> {
    fn drop(&mut self) {
        if !self.was_panicking && thread::panicking() {
            self.poison.is_poisoned = true;
        }
    }
}

/// A panic has interrupted a change of the data; what it would have given access to is inside.
pub struct Poisoned<A> {
    access: A,
}

impl<A> Poisoned<A> {
    /// The access that was asked for, for whoever knows what to do with such data.
    pub fn into_inner(self) -> A {
        self.access
    }
}

impl<'a, T: ?Sized> Poisoned<PoisonGuard<'a, T>> {
    /// Takes the mark away, and gives the access that was asked for.
    pub fn clear(self) -> PoisonGuard<'a, T> {
        self.access.poison.clear();
        self.access
    }
}

/// Without the data: they are in doubt, and need not have a `Debug` of their own.
impl<A> fmt::Debug for Poisoned<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poisoned").finish_non_exhaustive()
    }
}

impl<A> fmt::Display for Poisoned<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a thread panicked while it changed the data")
    }
}

impl<A> core::error::Error for Poisoned<A> {}
