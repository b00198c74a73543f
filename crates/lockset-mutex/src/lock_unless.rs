//! The one way of waiting that lock_api has no word for.

use crate::{Cancel, MutexGuardWith, MutexWith, Policy};

/// Waiting for a mutex until another thread says to stop.
pub trait LockUnless<P: Policy, T: ?Sized> {
    /// Waits until the lock is granted or `cancel` is thrown; `None` then.
    ///
    /// As with a deadline, a lock that is free is taken even if `cancel` was thrown before.
    fn lock_unless(&self, cancel: &Cancel) -> Option<MutexGuardWith<'_, P, T>>;
}

impl<P: Policy, T: ?Sized> LockUnless<P, T> for MutexWith<P, T> {
    fn lock_unless(&self, cancel: &Cancel) -> Option<MutexGuardWith<'_, P, T>> {
        // SAFETY: The raw lock is only locked.
        let guard = unsafe { self.raw() }.lock_unless(cancel)?;
        // SAFETY: `guard` is the state of an acquisition that nobody else has.
        Some(unsafe { self.make_guard_unchecked(guard) })
    }
}
