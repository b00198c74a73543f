//! Atomics and mutex as a model checker sees them.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::OnceLock;

use super::checker;
use checker::sync::MutexGuard;

#[cfg(not(lockset_loom))]
pub(crate) use super::cell::Cell;
#[cfg(lockset_loom)]
pub(crate) use checker::cell::UnsafeCell as Cell;
pub(crate) use checker::sync::atomic::AtomicUsize as Atomic;
pub(crate) use checker::sync::{Condvar, Mutex as PlainMutex, MutexGuard as PlainGuard};

/// An atomic whose constructor is const, as loom's is not: it is made at the first use. A model has
/// to use the semaphore once before it shares it.
#[derive(Debug)]
pub(crate) struct Word {
    initial: usize,
    made: OnceLock<Atomic>,
}

impl Word {
    pub(crate) const fn new(value: usize) -> Self {
        Self { initial: value, made: OnceLock::new() }
    }

    fn atomic(&self) -> &Atomic {
        self.made.get_or_init(|| Atomic::new(self.initial))
    }

    pub(crate) fn load(&self, order: Ordering) -> usize {
        self.atomic().load(order)
    }

    pub(crate) fn store(&self, value: usize, order: Ordering) {
        self.atomic().store(value, order);
    }

    /// Loom's never fails without reason; whoever calls this must be right even so.
    pub(crate) fn compare_exchange_weak(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        self.atomic().compare_exchange(current, new, success, failure)
    }

    pub(crate) fn fetch_add(&self, value: usize, order: Ordering) -> usize {
        self.atomic().fetch_add(value, order)
    }

    pub(crate) fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
        self.atomic().fetch_sub(value, order)
    }

    pub(crate) fn fetch_or(&self, value: usize, order: Ordering) -> usize {
        self.atomic().fetch_or(value, order)
    }
}

/// The checker's mutex, made at the first use, as above.
#[derive(Debug)]
pub(crate) struct Mutex<T> {
    initial: std::sync::Mutex<Option<T>>,
    made: OnceLock<checker::sync::Mutex<T>>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { initial: std::sync::Mutex::new(Some(value)), made: OnceLock::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let made = self.made.get_or_init(|| {
            let value = self.initial.lock().unwrap().take();
            checker::sync::Mutex::new(value.expect("made once"))
        });
        made.lock().unwrap()
    }
}

/// The checkers know no haste: a thread that spins looks once, which is all that matters; to look
/// again adds interleavings that differ in nothing.
pub(crate) fn spin(_time: Duration, mut is_over: impl FnMut() -> bool) -> bool {
    is_over()
}
