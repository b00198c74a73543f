//! The seam on a real machine: the atomics of the standard library, and a way to sleep on one.

#![allow(dead_code, reason = "a word has the operations of an atomic, whichever a lock picks")]

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::thread::{self, Thread};
use std::time::Instant;

use super::Waited;

pub(crate) use core::hint::spin_loop as spin_hint;
pub(crate) use core::sync::atomic::fence;
pub(crate) use std::thread::yield_now;

#[cfg(all(target_os = "linux", not(lockset_portable)))]
#[path = "linux.rs"]
mod sleep;

#[cfg(any(not(target_os = "linux"), lockset_portable))]
#[path = "portable.rs"]
mod sleep;

/// How often a waiter looks before it sleeps: about as long as going to sleep and waking takes on
/// today's processors. std looks as often.
pub(crate) const SPINS: Range<u32> = 0..100;

/// How often a waiter gives its processor away before it sleeps: enough to let an owner that has
/// just lost its own get it back.
pub(crate) const YIELDS: Range<u32> = 0..4;

/// How many lists the table of sleepers has: enough that a few dozen contended locks seldom meet in
/// one.
pub(crate) const BUCKETS: usize = 64;

#[path = "heat.rs"]
pub(crate) mod heat;
#[path = "pace.rs"]
pub(crate) mod pace;

/// Whether a deadline has passed.
pub(crate) fn has_passed(deadline: Instant) -> bool {
    Instant::now() >= deadline
}

/// A static list of locks: `global!(static NAME: [Lock; N] = [...])`.
macro_rules! global {
    (static $name:ident: $list:ty = $initial:expr) => {
        static $name: $list = $initial;
    };
}
pub(crate) use global;

/// A value of each thread's own: `local!(static NAME: Type = initial)`.
macro_rules! local {
    ($(#[$doc:meta])* static $name:ident: $type:ty = $initial:expr) => {
        std::thread_local! {
            $(#[$doc])*
            static $name: $type = const { $initial };
        }
    };
}
pub(crate) use local;

/// The operations that all atomics here have, each as the standard library's.
macro_rules! operations {
    ($value:ty) => {
        #[inline]
        pub(crate) fn load(&self, order: Ordering) -> $value {
            self.0.load(order)
        }

        #[inline]
        pub(crate) fn store(&self, value: $value, order: Ordering) {
            self.0.store(value, order);
        }

        #[inline]
        pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
            self.0.swap(value, order)
        }

        #[inline]
        pub(crate) fn compare_exchange(
            &self,
            current: $value,
            new: $value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$value, $value> {
            self.0.compare_exchange(current, new, success, failure)
        }

        /// What a spinning waiter does between two looks, having `seen` a value that makes it wait:
        /// leaves the core to its sibling for that many turns.
        #[inline]
        pub(crate) fn pause(&self, _seen: $value, turns: u32) {
            (0..turns).for_each(|_| spin_hint());
        }
    };
}

/// A word that threads can sleep on while it has a certain value.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Word(AtomicU32);

impl Word {
    pub(crate) const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    operations!(u32);

    #[inline]
    pub(crate) fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange_weak(current, new, success, failure)
    }

    #[inline]
    pub(crate) fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_add(value, order)
    }

    #[inline]
    pub(crate) fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_sub(value, order)
    }

    #[inline]
    pub(crate) fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_or(value, order)
    }

    #[inline]
    pub(crate) fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_and(value, order)
    }

    /// Sleeps until woken, unless the word differs from `expected`, which is compared in one step
    /// with going to sleep.
    pub(crate) fn wait(&self, expected: u32, deadline: Option<Instant>) -> Waited {
        sleep::wait(&self.0, expected, deadline)
    }

    /// Wakes up to so many threads that sleep on this word; elsewhere than on Linux perhaps more.
    pub(crate) fn wake(&self, count: u32) {
        sleep::wake(&self.0, count);
    }

    /// As [`wait`](Self::wait), to be woken only by a wake-up that has a bit of `mask` set.
    ///
    /// Whether a wake-up ended it: always `true` then, and seldom otherwise.
    pub(crate) fn wait_among(&self, mask: u32, expected: u32, deadline: Option<Instant>) -> bool {
        sleep::wait_among(&self.0, mask, expected, deadline)
    }

    /// As [`wake`](Self::wake), only those who wait with a bit of `mask` set.
    ///
    /// Whether anybody's sleep was ended: never `true` otherwise, and always `false` where the
    /// system cannot say.
    pub(crate) fn wake_among(&self, mask: u32, count: u32) -> bool {
        sleep::wake_among(&self.0, mask, count)
    }
}

/// A pointer that threads share, null at first.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Pointer<T>(AtomicPtr<T>);

impl<T> Pointer<T> {
    pub(crate) const fn null() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    operations!(*mut T);
}

/// Lets the thread that made it sleep once.
#[derive(Debug)]
pub(crate) struct Parker {
    thread: Thread,
    unparked: AtomicBool,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self { thread: thread::current(), unparked: AtomicBool::new(false) }
    }

    /// Sleeps until [`unpark`](Self::unpark), also if that came first.
    pub(crate) fn park(&self) {
        // Acquire, with the Release below: what the waker did before is visible afterwards. The
        // flag, since a thread may wake for no reason, or on account of another parker.
        while !self.unparked.load(Ordering::Acquire) {
            thread::park();
        }
    }

    pub(crate) fn unpark(&self) {
        // Release, with the Acquire above.
        self.unparked.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
