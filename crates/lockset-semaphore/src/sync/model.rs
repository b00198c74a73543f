//! Atomics, mutex and parking as a model checker sees them.
//!
//! The checkers know no time: a deadline passes when a thread of the model calls
//! [`expire_deadlines`], which may then come at any moment. Nor do they know haste: a thread that
//! spins only adds interleavings that differ in nothing, so none does.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::OnceLock;

use lockset_api::Deadline;

use super::checker;
use checker::sync::MutexGuard;

#[cfg(not(lockset_loom))]
pub(crate) use super::cell::Cell;
pub(crate) use checker::sync::atomic::AtomicUsize as Atomic;
pub(crate) use checker::thread::{Thread, current};
#[cfg(lockset_loom)]
pub(crate) use loom::cell::UnsafeCell as Cell;

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

checker::lazy_static! {
    static ref CLOCK: checker::sync::Mutex<Clock> =
        checker::sync::Mutex::new(Clock { has_struck: false, sleepers: Vec::new() });
}

struct Clock {
    has_struck: bool,
    sleepers: Vec<Thread>,
}

/// From now on every deadline of this model has passed.
pub fn expire_deadlines() {
    let mut clock = CLOCK.lock().unwrap();
    clock.has_struck = true;
    clock.sleepers.drain(..).for_each(|sleeper| sleeper.unpark());
}

/// Whether `deadline` has passed.
pub(crate) fn has_passed(deadline: Deadline) -> bool {
    deadline != Deadline::NEVER && CLOCK.lock().unwrap().has_struck
}

/// Sleeps until this thread is woken or the clock strikes.
pub(crate) fn park(deadline: Deadline) {
    if deadline != Deadline::NEVER {
        let mut clock = CLOCK.lock().unwrap();
        if clock.has_struck {
            return;
        }
        clock.sleepers.push(current());
    }
    checker::thread::park();
}

pub(crate) fn spin(_time: Duration, _is_over: impl FnMut() -> bool) -> bool {
    false
}
