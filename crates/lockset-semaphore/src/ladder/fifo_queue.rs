//! Stage 4, **FIFO queue with many permits**: who comes first is served first.
//!
//! *What stage 3 breaks*: two promises. Newcomers take what is free while others sleep, so a
//! request for two permits never sees two free while requests for one come and go: in the walk
//! (`examples/ladder.rs`) ten thousand of them pass it, and it only ends because the walk does. And
//! ten threads that wait for one permit each go to sleep 55 times instead of 10, because each
//! release wakes all of them.
//!
//! So there is a queue. Who finds somebody in it, or too few permits, joins it at the end and
//! sleeps on a word of its own. Who gives permits back takes them on to the first in the queue,
//! again and again until one wants more than there are. A waiter that wakes up has its permits; it
//! need not look, and nobody can have been faster.
//!
//! | | |
//! |---|---|
//! | state | the number of free permits and the queue, under a mutex |
//! | read-modify-writes for an uncontended pair | 4: two for each use of the mutex |
//! | calls to the kernel for an uncontended pair | 0 |
//! | overtaking | none |
//! | many permits at once | keep their place; all behind wait, though there be enough for them |
//!
//! Invariants, true whenever the mutex is free:
//! 1. The first in the queue wants more than is free. So nobody waits for nothing.
//! 2. Who is not in the queue any more has been granted its permits: they are not free.
//!
//! # Notes about memory ordering
//!
//! What was done before permits were given back happens before what is done with them afterwards:
//! they pass from one to the other by a change of the state, under the mutex; and if it is the
//! former who takes them for the latter, by the unparking as well.
//!
//! ```
//! use lockset_semaphore::ladder::{FifoQueue, RawSemaphore};
//!
//! let semaphore = FifoQueue::new(1);
//! let held = semaphore.acquire(1);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| drop(semaphore.acquire(1)));
//!     drop(held);
//! });
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Held, QueuedSemaphore, RawSemaphore, kernel};
use crate::sync::{Mutex, Parker};

/// A semaphore that serves in order.
#[derive(Debug)]
pub struct FifoQueue {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: u32,
    waiters: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    wants: u32,
    parker: Arc<Parker>,
}

impl RawSemaphore for FifoQueue {
    fn new(permits: u32) -> Self {
        Self { state: Mutex::new(State { free: permits, waiters: VecDeque::new() }) }
    }

    fn acquire(&self, n: u32) -> Held<'_, Self> {
        let mut state = self.state.lock();
        if !state.take(n) {
            let parker = Arc::new(Parker::new());
            state.waiters.push_back(Waiter { wants: n, parker: Arc::clone(&parker) });
            drop(state);
            kernel::park(&parker, None);
        }
        Held::new(self, n)
    }

    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>> {
        self.state.lock().take(n).then(|| Held::new(self, n))
    }

    fn release(&self, n: u32) {
        let served = self.state.lock().give(n);
        // It is unlocked again: whoever wakes up need not wait for it.
        served.iter().for_each(|waiter| kernel::unpark(&waiter.parker));
    }

    fn available(&self) -> u32 {
        self.state.lock().free
    }
}

impl QueuedSemaphore for FifoQueue {
    fn waiting(&self) -> usize {
        self.state.lock().waiters.len()
    }
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

    /// Adds `n` permits, and takes out of the queue whom they are enough for.
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
