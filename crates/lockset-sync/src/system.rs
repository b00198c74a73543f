//! The seam on a real machine: the atomics of the standard library, and a way to sleep on one.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use super::Waited;

pub use core::hint::spin_loop as spin_hint;
pub use core::sync::atomic::fence;
pub use std::thread::{Thread, current, yield_now};

#[cfg(all(target_os = "linux", not(lockset_portable)))]
#[path = "system/linux.rs"]
mod sleep;

#[cfg(any(not(target_os = "linux"), lockset_portable))]
#[path = "system/portable.rs"]
mod sleep;

/// Whether a deadline has passed.
#[must_use]
pub fn has_passed(deadline: Instant) -> bool {
    Instant::now() >= deadline
}

/// Sleeps until this thread is unparked, or until the deadline, or for no reason. An unparking that
/// came before is kept, so none is missed.
pub fn park(deadline: Option<Instant>) {
    match deadline {
        None => thread::park(),
        Some(at) => thread::park_timeout(at.saturating_duration_since(Instant::now())),
    }
}

/// The operations that all atomics here have, each as the standard library's.
macro_rules! operations {
    ($value:ty) => {
        /// The value.
        #[inline]
        pub fn load(&self, order: Ordering) -> $value {
            self.0.load(order)
        }

        /// Another value, whatever it was.
        #[inline]
        pub fn store(&self, value: $value, order: Ordering) {
            self.0.store(value, order);
        }

        /// Another value, and the old one as the result.
        #[inline]
        pub fn swap(&self, value: $value, order: Ordering) -> $value {
            self.0.swap(value, order)
        }

        /// Another value, if it is `current`.
        ///
        /// # Errors
        ///
        /// The value, if it was another.
        #[inline]
        pub fn compare_exchange(
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
        pub fn pause(&self, _seen: $value, turns: u32) {
            (0..turns).for_each(|_| spin_hint());
        }
    };
}

/// A word that threads can sleep on while it has a certain value.
#[derive(Debug)]
#[repr(transparent)]
pub struct Word(AtomicU32);

impl Word {
    /// A word of this value.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    operations!(u32);

    /// Another value, if it is `current`; it may fail for no reason.
    ///
    /// # Errors
    ///
    /// The value, perhaps `current` itself.
    #[inline]
    pub fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange_weak(current, new, success, failure)
    }

    /// Adds to the value, and wraps around; the old one as the result.
    #[inline]
    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_add(value, order)
    }

    /// Takes from the value, and wraps around; the old one as the result.
    #[inline]
    pub fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_sub(value, order)
    }

    /// Sets bits; the old value as the result.
    #[inline]
    pub fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_or(value, order)
    }

    /// Leaves only these bits; the old value as the result.
    #[inline]
    pub fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_and(value, order)
    }

    /// Sleeps until woken, unless the word differs from `expected`, which is compared in one step
    /// with going to sleep.
    pub fn wait(&self, expected: u32, deadline: Option<Instant>) -> Waited {
        sleep::wait(&self.0, expected, deadline)
    }

    /// Wakes up to so many threads that sleep on this word; elsewhere than on Linux perhaps more.
    pub fn wake(&self, count: u32) {
        sleep::wake(&self.0, count);
    }

    /// As [`wait`](Self::wait), to be woken only by a wake-up that has a bit of `mask` set.
    ///
    /// Whether a wake-up ended it: always `true` then; otherwise seldom on Linux, and elsewhere
    /// often.
    pub fn wait_among(&self, mask: u32, expected: u32, deadline: Option<Instant>) -> bool {
        sleep::wait_among(&self.0, mask, expected, deadline)
    }

    /// As [`wake`](Self::wake), only those who wait with a bit of `mask` set.
    ///
    /// Whether anybody's sleep was ended: never `true` otherwise, and always `false` where the
    /// system cannot say.
    pub fn wake_among(&self, mask: u32, count: u32) -> bool {
        sleep::wake_among(&self.0, mask, count)
    }
}

/// A pointer that threads share, null at first.
#[derive(Debug)]
#[repr(transparent)]
pub struct Pointer<T>(AtomicPtr<T>);

impl<T> Pointer<T> {
    /// The pointer to nothing.
    #[must_use]
    pub const fn null() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    operations!(*mut T);
}

/// Lets the thread that made it sleep once.
///
/// ```
/// # #[cfg(not(any(lockset_loom, lockset_shuttle)))] {
/// use lockset_sync::{Parker, Waited};
///
/// let parker = Parker::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| parker.unpark());
///     assert_eq!(parker.park(None), Waited::Woken);
/// });
/// # }
/// ```
#[derive(Debug)]
pub struct Parker {
    thread: Thread,
    unparked: AtomicBool,
}

impl Parker {
    /// Of the calling thread.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it belongs to a thread, which is no default")]
    pub fn new() -> Self {
        Self { thread: current(), unparked: AtomicBool::new(false) }
    }

    /// Sleeps until [`unpark`](Self::unpark), also if that came first, or until the deadline.
    ///
    /// Who unparks it after the deadline has ended nobody's sleep, and is not told so.
    pub fn park(&self, deadline: Option<Instant>) -> Waited {
        // Acquire, with the Release below: what the waker did before is visible afterwards. The
        // flag, since a thread may wake for no reason, or on account of another parker.
        while !self.unparked.load(Ordering::Acquire) {
            if deadline.is_some_and(has_passed) {
                return Waited::TimedOut;
            }
            park(deadline);
        }
        Waited::Woken
    }

    /// Ends its sleep, or the next.
    pub fn unpark(&self) {
        // Release, with the Acquire above.
        self.unparked.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
