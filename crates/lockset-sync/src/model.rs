//! The seam as a model checker sees it: the checker's atomics, and sleepers that it can count.
//!
//! A wake-up that is lost, or a spinning thread that nobody lets go on, shows as a deadlock.
//!
//! A checker runs one thread at a time and switches only in its own operations: at their start. So
//! a list of sleepers is plain data, and "compare, then sleep" is one step, as the kernel's, if
//! nothing of the checker's comes in between; nor may anything of it come while a list is locked.
//! What loom has to know is that the order of such steps matters: each begins with a
//! read-modify-write of the word in question.

#![allow(missing_docs, reason = "each item is what its namesake in `system.rs` is")]

use core::fmt;
use core::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use super::checker::sync::atomic::{AtomicPtr, AtomicU32};
use super::{Waited, checker};
use sleeper::{Sleeper, Sleepers};

pub use checker::sync::atomic::fence;
pub use checker::thread::{Thread, current, yield_now};
pub use clock::expire_deadlines;
pub use explore::explore;

/// Nothing: a checker that were told to let others go first would leave out the schedules in which
/// the one who spins goes on, and goes to sleep, before anything has changed.
pub fn spin_hint() {}

#[path = "model/clock.rs"]
mod clock;
#[path = "model/explore.rs"]
mod explore;
#[path = "model/sleeper.rs"]
mod sleeper;

/// Whether a deadline has passed: all of them have, once the model's clock has struck.
pub fn has_passed(_deadline: Instant) -> bool {
    clock::look().has_struck()
}

/// Sleeps until this thread is unparked, or until the clock strikes, or for no reason.
pub fn park(deadline: Option<Instant>) {
    let has_struck = || !clock::look().admit(&Arc::new(Sleeper::new()));
    if deadline.is_none() || !has_struck() {
        checker::thread::park();
    }
}

/// An atomic of the checker's, and the threads that wait for it to change.
///
/// Loom's types have no const constructor, but a lock's must be const: they are made at the first
/// use. A model has to use a lock once before it shares it.
#[derive(Debug)]
struct Watched<A> {
    atomic: OnceLock<A>,
    /// Who spins, and the value each has seen last.
    spinning: Mutex<Vec<(usize, Arc<Sleeper>)>>,
}

impl<A> Watched<A> {
    const fn new() -> Self {
        Self { atomic: OnceLock::new(), spinning: Mutex::new(Vec::new()) }
    }

    /// Lets those go on who wait for anything but `now`; called in one step with the change.
    fn changed_to(&self, now: usize) {
        let mut spinning = self.spinning.lock().unwrap();
        let ended: Vec<_> = spinning.extract_if(.., |(seen, _)| *seen != now).collect();
        drop(spinning);
        ended.iter().for_each(|(_, sleeper)| _ = sleeper.end(Waited::Woken));
    }

    /// Waits for anything but `seen`; called in one step with having seen it.
    fn sleep_while(&self, seen: usize) {
        let me = Arc::new(Sleeper::new());
        self.spinning.lock().unwrap().push((seen, Arc::clone(&me)));
        me.sleep();
    }
}

/// The operations that all atomics here have. Whatever changes the value says so.
macro_rules! operations {
    ($value:ty, $number:expr) => {
        pub fn load(&self, order: Ordering) -> $value {
            self.atomic().load(order)
        }

        /// An exchange: see the seam's first rule.
        pub fn store(&self, value: $value, order: Ordering) {
            self.swap(value, order);
        }

        pub fn swap(&self, value: $value, order: Ordering) -> $value {
            let old = self.atomic().swap(value, order);
            self.watched.changed_to($number(value));
            old
        }

        pub fn compare_exchange(
            &self,
            current: $value,
            new: $value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$value, $value> {
            let old = self.atomic().compare_exchange(current, new, success, failure)?;
            self.watched.changed_to($number(new));
            Ok(old)
        }

        /// Waits until the value is not `seen`: see the seam's second rule.
        pub fn pause(&self, seen: $value, _turns: u32) {
            // Relaxed: it reads the newest value, as any exchange does, and learns no more from it.
            let newest =
                self.atomic().compare_exchange(seen, seen, Ordering::Relaxed, Ordering::Relaxed);
            if newest.is_ok() {
                self.watched.sleep_while($number(seen));
            }
        }
    };
}

/// A word that threads can sleep on while it has a certain value.
pub struct Word {
    initial: u32,
    watched: Watched<AtomicU32>,
    sleepers: Sleepers,
}

impl Word {
    pub const fn new(value: u32) -> Self {
        Self { initial: value, watched: Watched::new(), sleepers: Sleepers::new() }
    }

    fn atomic(&self) -> &AtomicU32 {
        self.watched.atomic.get_or_init(|| AtomicU32::new(self.initial))
    }

    operations!(u32, |value: u32| value as usize);

    /// Loom's never fails without reason; whoever calls this must be right even so.
    pub fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.compare_exchange(current, new, success, failure)
    }

    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        let old = self.atomic().fetch_add(value, order);
        self.watched.changed_to(old.wrapping_add(value) as usize);
        old
    }

    pub fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_add(value.wrapping_neg(), order)
    }

    pub fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        let old = self.atomic().fetch_or(value, order);
        self.watched.changed_to((old | value) as usize);
        old
    }

    pub fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        let old = self.atomic().fetch_and(value, order);
        self.watched.changed_to((old & value) as usize);
        old
    }

    pub fn wait(&self, expected: u32, deadline: Option<Instant>) -> Waited {
        self.sleep(u32::MAX, expected, deadline).unwrap_or(Waited::Woken)
    }

    pub fn wake(&self, count: u32) {
        self.wake_among(u32::MAX, count);
    }

    pub fn wait_among(&self, mask: u32, expected: u32, deadline: Option<Instant>) -> bool {
        self.sleep(mask, expected, deadline) == Some(Waited::Woken)
    }

    /// How the sleep ended; `None` if there was none, since the word had changed.
    fn sleep(&self, mask: u32, expected: u32, deadline: Option<Instant>) -> Option<Waited> {
        let timed = deadline.map(|_| clock::look());
        // Relaxed: the kernel, too, promises no order here. It reads the newest value.
        let order = Ordering::Relaxed;
        if self.atomic().compare_exchange(expected, expected, order, order).is_err() {
            return None;
        }
        Some(self.sleepers.sleep(mask, timed))
    }

    pub fn wake_among(&self, mask: u32, count: u32) -> bool {
        if self.sleepers.any_timed() {
            clock::look();
        }
        // Relaxed: this only tells the checker that waking and going to sleep are not independent.
        self.atomic().fetch_or(0, Ordering::Relaxed);
        self.sleepers.wake(mask, count) > 0
    }
}

/// As the standard library's atomics, by a look at the value; which is also a way to use a word,
/// and so to make it, before it is shared.
impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: as theirs.
        f.debug_tuple("Word").field(&self.load(Ordering::Relaxed)).finish()
    }
}

/// A pointer that threads share, null at first.
#[derive(Debug)]
pub struct Pointer<T> {
    watched: Watched<AtomicPtr<T>>,
}

impl<T> Pointer<T> {
    pub const fn null() -> Self {
        Self { watched: Watched::new() }
    }

    fn atomic(&self) -> &AtomicPtr<T> {
        self.watched.atomic.get_or_init(|| AtomicPtr::new(core::ptr::null_mut()))
    }

    operations!(*mut T, |value: *mut T| value.addr());
}

/// Lets the thread that made it sleep once.
#[derive(Debug)]
pub struct Parker {
    unparked: Word,
}

impl Parker {
    pub fn new() -> Self {
        let parker = Self { unparked: Word::new(0) };
        parker.unparked.atomic();
        parker
    }

    pub fn park(&self, deadline: Option<Instant>) -> Waited {
        // Acquire, with the Release below, as std's parking promises.
        while self.unparked.load(Ordering::Acquire) == 0 {
            if self.unparked.wait(0, deadline) == Waited::TimedOut {
                return Waited::TimedOut;
            }
        }
        Waited::Woken
    }

    pub fn unpark(&self) {
        // Release, with the Acquire above.
        self.unparked.store(1, Ordering::Release);
        self.unparked.wake(1);
    }
}
