//! The lock of the queue under ThreadSanitizer.
//!
//! The standard library is built without the sanitizer, so what its mutex orders looks like a race.
//! In its place stands the simplest lock there is, which is built with the sanitizer. That hides
//! nothing of the semaphore: it promises no more than any mutex does, and what is said to threads
//! past the lock, by the word and by the fates of the waiters, is the same. What it cannot show is
//! whether std's mutex is right.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[derive(Debug)]
pub(crate) struct Mutex<T> {
    is_locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time has the guard, and only it uses the value.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { is_locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        // Acquire: to see what was done before the lock was given back.
        while self.is_locked.swap(true, Ordering::Acquire) {
            thread::yield_now();
        }
        MutexGuard(self)
    }
}

/// The lock, held.
#[must_use]
pub(crate) struct MutexGuard<'a, T>(&'a Mutex<T>);

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: there is one guard at a time, this one.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        // Release, with the Acquire above.
        self.0.is_locked.store(false, Ordering::Release);
    }
}
