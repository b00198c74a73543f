//! Everything behind `lock_api` is a [`Lock`]: our mutexes, parking_lot's, anybody's.

use core::convert::Infallible;
use std::time::Instant;

use lock_api::{Mutex, MutexGuard, RawMutexTimed, RawRwLockTimed};
use lock_api::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{Deadline, Lock, SharedLock};

impl<R, T: ?Sized> Lock for Mutex<R, T>
where
    R: RawMutexTimed<Instant = Instant>,
{
    type Guard<'a>
        = MutexGuard<'a, R, T>
    where
        Self: 'a;
    type Error = Infallible;

    fn lock(&self) -> Result<Self::Guard<'_>, Infallible> {
        Ok(self.lock())
    }

    fn try_lock(&self) -> Result<Option<Self::Guard<'_>>, Infallible> {
        Ok(self.try_lock())
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<Self::Guard<'_>>, Infallible> {
        Ok(match deadline.instant() {
            Some(instant) => self.try_lock_until(instant),
            None => Some(self.lock()),
        })
    }
}

impl<R, T: ?Sized> Lock for RwLock<R, T>
where
    R: RawRwLockTimed<Instant = Instant>,
{
    type Guard<'a>
        = RwLockWriteGuard<'a, R, T>
    where
        Self: 'a;
    type Error = Infallible;

    fn lock(&self) -> Result<Self::Guard<'_>, Infallible> {
        Ok(self.write())
    }

    fn try_lock(&self) -> Result<Option<Self::Guard<'_>>, Infallible> {
        Ok(self.try_write())
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<Self::Guard<'_>>, Infallible> {
        Ok(match deadline.instant() {
            Some(instant) => self.try_write_until(instant),
            None => Some(self.write()),
        })
    }
}

impl<R, T: ?Sized> SharedLock for RwLock<R, T>
where
    R: RawRwLockTimed<Instant = Instant>,
{
    type SharedGuard<'a>
        = RwLockReadGuard<'a, R, T>
    where
        Self: 'a;

    fn read(&self) -> Result<Self::SharedGuard<'_>, Infallible> {
        Ok(self.read())
    }

    fn try_read(&self) -> Result<Option<Self::SharedGuard<'_>>, Infallible> {
        Ok(self.try_read())
    }

    fn read_until(&self, deadline: Deadline) -> Result<Option<Self::SharedGuard<'_>>, Infallible> {
        Ok(match deadline.instant() {
            Some(instant) => self.try_read_until(instant),
            None => Some(self.read()),
        })
    }
}
