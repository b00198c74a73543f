//! Sleeping on a word where the system has no futex.
//!
//! A fixed table of condition variables, chosen by the word's address, stands in for the kernel's
//! queue. Words that share an entry wake each other's sleepers for nothing, and are none the worse
//! for it: a woken thread looks again.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use crossbeam_utils::CachePadded;

use crate::Waited;

/// Enough entries that a few dozen contended words seldom meet in one.
const ENTRIES: usize = 64;

struct Entry {
    sleepers: Mutex<()>,
    woken: Condvar,
}

static TABLE: [CachePadded<Entry>; ENTRIES] =
    [const { CachePadded::new(Entry { sleepers: Mutex::new(()), woken: Condvar::new() }) };
        ENTRIES];

/// The comparison is made with the entry locked, and a waker locks it too, so none can come between
/// the comparison and the sleep.
pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Waited {
    let entry = entry(word);
    let sleepers = entry.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
    // Relaxed: the entry's mutex orders this load before or after the waker's visit, and one that
    // comes before it has changed the word already.
    if word.load(Ordering::Relaxed) != expected {
        return Waited::Woken;
    }
    let Some(deadline) = deadline else {
        drop(entry.woken.wait(sleepers).unwrap_or_else(PoisonError::into_inner));
        return Waited::Woken;
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Waited::TimedOut;
    }
    let slept = entry.woken.wait_timeout(sleepers, left).unwrap_or_else(PoisonError::into_inner);
    // Wakers wake everybody, so one that timed out has taken no wake-up from another.
    if slept.1.timed_out() { Waited::TimedOut } else { Waited::Woken }
}

/// Wakes all threads that sleep in the word's entry: nothing tells them apart by their words.
pub(super) fn wake(word: &AtomicU32, _count: u32) {
    let entry = entry(word);
    // Whoever has compared but not yet slept holds the entry; wait for it to sleep.
    drop(entry.sleepers.lock().unwrap_or_else(PoisonError::into_inner));
    entry.woken.notify_all();
}

/// A condition variable cannot tell its sleepers apart: all wake up, and any may be meant.
pub(super) fn wait_among(
    word: &AtomicU32,
    _mask: u32,
    expected: u32,
    deadline: Option<Instant>,
) -> bool {
    wait(word, expected, deadline) == Waited::Woken
}

/// Those who were woken may all have slept on other words.
pub(super) fn wake_among(word: &AtomicU32, _mask: u32, count: u32) -> bool {
    wake(word, count);
    false
}

fn entry(word: &AtomicU32) -> &'static Entry {
    let address = (&raw const *word).addr() / align_of::<AtomicU32>();
    // Fibonacci hashing: the product's high bits depend on all bits of the address.
    let hash = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    &TABLE[hash as usize % ENTRIES]
}
