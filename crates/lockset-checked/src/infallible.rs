//! The verbs of a lock that cannot fail, without the `Result`: as a mutex itself has them.
//!
//! They are found before the traits' methods. For a lock that can fail they are not there, and the
//! traits' methods are what a call means.

use core::convert::Infallible;

use lockset_api::{Deadline, Lock, SharedLock};

use crate::{Checked, CheckedGuard};

impl<L: Lock<Error = Infallible>> Checked<L> {
    /// [`Lock::lock`], where nothing can fail.
    #[track_caller]
    pub fn lock(&self) -> CheckedGuard<L::Guard<'_>> {
        let Ok(guard) = Lock::lock(self);
        guard
    }

    /// [`Lock::try_lock`], where nothing can fail.
    #[track_caller]
    pub fn try_lock(&self) -> Option<CheckedGuard<L::Guard<'_>>> {
        let Ok(guard) = Lock::try_lock(self);
        guard
    }

    /// [`Lock::lock_until`], where nothing can fail.
    #[track_caller]
    pub fn lock_until(&self, deadline: Deadline) -> Option<CheckedGuard<L::Guard<'_>>> {
        let Ok(guard) = Lock::lock_until(self, deadline);
        guard
    }
}

impl<L: SharedLock<Error = Infallible>> Checked<L> {
    /// [`SharedLock::read`], where nothing can fail.
    #[track_caller]
    pub fn read(&self) -> CheckedGuard<L::SharedGuard<'_>> {
        let Ok(guard) = SharedLock::read(self);
        guard
    }

    /// [`SharedLock::try_read`], where nothing can fail.
    #[track_caller]
    pub fn try_read(&self) -> Option<CheckedGuard<L::SharedGuard<'_>>> {
        let Ok(guard) = SharedLock::try_read(self);
        guard
    }

    /// [`SharedLock::read_until`], where nothing can fail.
    #[track_caller]
    pub fn read_until(&self, deadline: Deadline) -> Option<CheckedGuard<L::SharedGuard<'_>>> {
        let Ok(guard) = SharedLock::read_until(self, deadline);
        guard
    }
}
