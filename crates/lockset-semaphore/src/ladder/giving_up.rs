//! Stage 5, **giving up**: a waiter may leave the queue.
//!
//! *What stage 4 breaks*: it can be entered and not left. Its waiter sleeps until it is served, and
//! that may be never. Leaving is more than waking up, though. Three things must not stay behind:
//!
//! - its **place**: permits would be granted to somebody who is gone. So a waiter whose deadline
//!   has passed takes itself out of the queue.
//! - a **grant** that came between the deadline and that moment. It is not in the queue any more,
//!   so it knows, and gives the permits back: to leave them is the mutant `grant that meets a
//!   timeout`.
//! - the **others**: if it was the first and wanted much, there may be enough for those behind it,
//!   and no release may come that would look. So it serves them as it leaves, as a release does;
//!   otherwise the wake-up that they are due is lost, the mutant `left without a look behind`.
//!
//! | | |
//! |---|---|
//! | state | the number of free permits and the queue, under a mutex |
//! | read-modify-writes for an uncontended pair | 4, as in stage 4 |
//! | calls to the kernel for an uncontended pair | 0 |
//! | overtaking | none |
//! | many permits at once | keep their place; all behind wait, until they are served or give up |
//!
//! Invariants, true whenever the mutex is free: those of stage 4. Who finds itself in the queue has
//! been granted nothing, who does not has been granted all it wants: there is no third.
//!
//! # Notes about memory ordering
//!
//! As in stage 4: permits pass from one to the other under the mutex, and to one who sleeps by the
//! unparking as well.
//!
//! ```
//! use lockset_api::Deadline;
//! use lockset_semaphore::ladder::{GivingUp, RawSemaphore, TimedSemaphore};
//! use std::time::Duration;
//!
//! let semaphore = GivingUp::new(1);
//! let held = semaphore.acquire(1);
//! assert!(semaphore.acquire_until(1, Deadline::after(Duration::from_millis(1))).is_none());
//! drop(held);
//! assert!(semaphore.try_acquire(1).is_some());
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use lockset_api::Deadline;

use super::{Held, QueuedSemaphore, RawSemaphore, TimedSemaphore, kernel};
use crate::sync::{Mutex, Parker, Waited};

/// A semaphore that serves in order, until a deadline.
#[derive(Debug)]
pub struct GivingUp {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: u32,
    waiters: VecDeque<Waiter>,
}

/// Known by its parker.
#[derive(Debug)]
struct Waiter {
    wants: u32,
    parker: Arc<Parker>,
}

impl RawSemaphore for GivingUp {
    fn new(permits: u32) -> Self {
        Self { state: Mutex::new(State { free: permits, waiters: VecDeque::new() }) }
    }

    fn acquire(&self, n: u32) -> Held<'_, Self> {
        loop {
            if let Some(held) = self.acquire_until(n, Deadline::NEVER) {
                return held;
            }
        }
    }

    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>> {
        self.state.lock().take(n).then(|| Held::new(self, n))
    }

    fn release(&self, n: u32) {
        let served = self.state.lock().give(n);
        wake(&served);
    }

    fn available(&self) -> u32 {
        self.state.lock().free
    }
}

impl QueuedSemaphore for GivingUp {
    fn waiting(&self) -> usize {
        self.state.lock().waiters.len()
    }
}

impl TimedSemaphore for GivingUp {
    fn acquire_until(&self, n: u32, deadline: Deadline) -> Option<Held<'_, Self>> {
        let mut state = self.state.lock();
        if !state.take(n) {
            let parker = Arc::new(Parker::new());
            state.waiters.push_back(Waiter { wants: n, parker: Arc::clone(&parker) });
            drop(state);
            if kernel::park(&parker, deadline.instant()) == Waited::TimedOut {
                self.leave(n, &parker);
                return None;
            }
        }
        Some(Held::new(self, n))
    }
}

impl GivingUp {
    /// Gives up the place in the queue, or what was granted meanwhile.
    fn leave(&self, n: u32, parker: &Arc<Parker>) {
        let mut state = self.state.lock();
        let mut waiters = state.waiters.iter();
        let served = match waiters.position(|waiter| Arc::ptr_eq(&waiter.parker, parker)) {
            Some(place) => {
                state.waiters.remove(place);
                state.give(0)
            }
            None => state.give(n),
        };
        drop(state);
        wake(&served);
    }
}

fn wake(served: &[Waiter]) {
    served.iter().for_each(|waiter| kernel::unpark(&waiter.parker));
}

impl State {
    /// Takes `n` permits, unless there are too few, or others wait.
    fn take(&mut self, n: u32) -> bool {
        let is_free = self.waiters.is_empty() && self.free >= n;
        if is_free {
            self.free -= n;
        }
        is_free
    }

    /// Adds `n` permits, and takes out of the queue whom what is free is enough for.
    fn give(&mut self, n: u32) -> Vec<Waiter> {
        self.free += n;
        let mut served = Vec::new();
        while let Some(first) = self.waiters.pop_front_if(|first| first.wants <= self.free) {
            self.free -= first.wants;
            served.push(first);
        }
        served
    }
}
