//! std's atomics and mutex.

use core::hint::spin_loop;
use core::num::NonZero;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use std::thread;
use std::time::Instant;

pub(crate) use self::mutex::Mutex;
pub(crate) use super::cell::Cell;
pub(crate) use core::sync::atomic::{AtomicUsize as Atomic, AtomicUsize as Word};
pub(crate) use std::sync::{Condvar, Mutex as PlainMutex, MutexGuard as PlainGuard};

#[cfg(not(lockset_tsan))]
#[path = "mutex.rs"]
mod mutex;

/// One that the sanitizer can see.
#[cfg(lockset_tsan)]
#[path = "watched_mutex.rs"]
mod mutex;

/// The first pause between two looks, doubled each time, and the longest: in turns of the
/// processor's own pause.
const PAUSES: (u32, u32) = (4, 64);

/// Looks again and again for `time`, and no longer; whether `is_over` said so. Not at all if there
/// is no other processor that could bring it about.
pub(crate) fn spin(time: Duration, mut is_over: impl FnMut() -> bool) -> bool {
    if processors() == 1 {
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

fn processors() -> usize {
    static NUMBER: Atomic = Atomic::new(UNKNOWN);
    const UNKNOWN: usize = 0;
    // Relaxed: all who ask find the same number, and it orders nothing.
    match NUMBER.load(Relaxed) {
        UNKNOWN => {
            let number = thread::available_parallelism().map_or(1, NonZero::get);
            // Relaxed: as above.
            NUMBER.store(number, Relaxed);
            number
        }
        number => number,
    }
}
