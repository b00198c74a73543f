//! The word as the model checker sees it: loom's atomic, and a queue of sleepers.
//!
//! It behaves as the kernel's: the comparison and going to sleep are one step, and a sleeper is
//! either woken or timed out, never both. A wake-up that is lost shows as a deadlock.
//!
//! Loom knows no time. A deadline passes when the model says so: [`expire_deadlines`], called by a
//! thread of the model, may then come at any moment, which is what a real deadline does.

use core::sync::atomic::Ordering;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use loom::sync::atomic::AtomicU32;
use loom::sync::{Mutex, Notify};

use super::Waited;

/// None: a spinning thread only adds interleavings that differ in nothing.
pub(crate) const SPINS: u32 = 0;

pub(crate) fn spin_hint() {
    loom::thread::yield_now();
}

/// Loom's types have no const constructor, but `RawMutex::INIT` must be const: they are made at the
/// first use. A model has to use the lock once before it shares it.
#[derive(Debug)]
pub(crate) struct Futex {
    initial: u32,
    parts: OnceLock<Parts>,
}

#[derive(Debug)]
struct Parts {
    word: AtomicU32,
    sleepers: Mutex<VecDeque<Arc<Notify>>>,
}

loom::lazy_static! {
    static ref CLOCK: Mutex<Clock> = Mutex::new(Clock { passed: false, sleepers: Vec::new() });
}

struct Clock {
    passed: bool,
    sleepers: Vec<Arc<Notify>>,
}

/// From now on every deadline of this model has passed.
pub fn expire_deadlines() {
    let mut clock = CLOCK.lock().unwrap();
    clock.passed = true;
    clock.sleepers.drain(..).for_each(|sleeper| sleeper.notify());
}

impl Futex {
    pub(crate) const fn new(value: u32) -> Self {
        Self { initial: value, parts: OnceLock::new() }
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(|| Parts {
            word: AtomicU32::new(self.initial),
            sleepers: Mutex::new(VecDeque::new()),
        })
    }

    pub(crate) fn load(&self, order: Ordering) -> u32 {
        self.parts().word.load(order)
    }

    pub(crate) fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.parts().word.swap(value, order)
    }

    pub(crate) fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.parts().word.compare_exchange(current, new, success, failure)
    }

    pub(crate) fn wait(&self, expected: u32, deadline: Option<Instant>) -> Waited {
        let parts = self.parts();
        let me = Arc::new(Notify::new());
        let mut sleepers = parts.sleepers.lock().unwrap();
        // Relaxed: the queue's mutex orders it against every waker's visit.
        if parts.word.load(Ordering::Relaxed) != expected {
            return Waited::Woken;
        }
        sleepers.push_back(Arc::clone(&me));
        drop(sleepers);
        if deadline.is_some() {
            let mut clock = CLOCK.lock().unwrap();
            if clock.passed {
                me.notify();
            } else {
                clock.sleepers.push(Arc::clone(&me));
            }
        }
        // Loom wakes sleepers for no reason as well, so the queue decides, not the wake-up.
        loop {
            me.wait();
            let mut sleepers = parts.sleepers.lock().unwrap();
            let Some(at) = sleepers.iter().position(|sleeper| Arc::ptr_eq(sleeper, &me)) else {
                return Waited::Woken;
            };
            if deadline.is_some() && CLOCK.lock().unwrap().passed {
                sleepers.remove(at);
                return Waited::TimedOut;
            }
        }
    }

    pub(crate) fn wake_one(&self) {
        let first = self.parts().sleepers.lock().unwrap().pop_front();
        if let Some(sleeper) = first {
            sleeper.notify();
        }
    }
}
