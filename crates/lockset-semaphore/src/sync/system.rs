//! std's atomics, mutex and parking.

use core::hint::spin_loop;
use core::time::Duration;
use std::sync::{LazyLock, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use lockset_api::Deadline;

pub(crate) use super::cell::Cell;
pub(crate) use core::sync::atomic::{AtomicUsize as Atomic, AtomicUsize as Word};
pub(crate) use std::thread::{Thread, current};

/// std's mutex without poisoning: no code that can panic runs while it is held.
#[derive(Debug)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn has_passed(deadline: Deadline) -> bool {
    deadline.has_passed()
}

/// Sleeps until this thread is woken or `deadline` has passed, or for no reason. A wake-up that
/// comes before is kept, so none is missed.
pub(crate) fn park(deadline: Deadline) {
    match deadline.remaining() {
        None => thread::park(),
        Some(left) => thread::park_timeout(left),
    }
}

/// The first pause between two looks, doubled each time, and the longest: in turns of the
/// processor's own pause.
const PAUSES: (u32, u32) = (4, 64);

/// Looks again and again for `time`, and no longer; whether `is_over` said so. Not at all if there
/// is no other processor that could bring it about.
pub(crate) fn spin(time: Duration, mut is_over: impl FnMut() -> bool) -> bool {
    static HAS_OTHERS: LazyLock<bool> =
        LazyLock::new(|| thread::available_parallelism().is_ok_and(|number| number.get() > 1));
    if !*HAS_OTHERS {
        return false;
    }
    let end = Instant::now() + time;
    let (mut pause, longest) = PAUSES;
    loop {
        (0..pause).for_each(|_| spin_loop());
        if is_over() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        pause = longest.min(2 * pause);
    }
}
