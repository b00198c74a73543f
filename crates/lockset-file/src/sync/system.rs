//! The machine: std's types, its clock, and the system's lock.

pub(crate) use lockset_sync::{Thread, current, park};
use std::hint::spin_loop;
use std::io;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// The kernel's lock on an open file.
pub(crate) mod kernel {
    pub(crate) use crate::sys::{lock, try_lock, unlock};
}

pub(crate) fn now() -> Instant {
    Instant::now()
}

/// So many. A model has not the patience to count that far.
pub(crate) const fn few(so_many: u32) -> u32 {
    so_many
}

/// The most pauses between two looks. What is looked at is written by whoever holds the lock, and
/// each look takes the cache line away from there; 32 pauses are about a microsecond, which is
/// little beside the sleep that is to be saved.
const MOST_PAUSES: u32 = 32;

/// Looks again and again for `time`, and no longer, until there is nothing more to look for.
pub(crate) fn spin(time: Duration, mut is_over: impl FnMut() -> bool) {
    let start = Instant::now();
    let mut pauses = 1;
    while !is_over() && start.elapsed() < time {
        (0..pauses).for_each(|_| spin_loop());
        pauses = (pauses * 2).min(MOST_PAUSES);
    }
}

/// Starts the helper's thread. Detached: nothing ever waits for its end.
pub(crate) fn spawn(body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("lockset-file".into()).spawn(body).map(drop)
}
