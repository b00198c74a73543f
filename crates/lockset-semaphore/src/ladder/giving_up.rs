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

use std::sync::Arc;

use lockset_api::Deadline;

use super::queue::Queue;
use super::{Held, QueuedSemaphore, RawSemaphore, TimedSemaphore, kernel};
use crate::sync::{Mutex, Parker, Waited};

/// A semaphore that serves in order, until a deadline.
#[derive(Debug)]
pub struct GivingUp {
    /// A waiter is known by its parker.
    queue: Mutex<Queue<Arc<Parker>>>,
}

impl RawSemaphore for GivingUp {
    fn new(permits: u32) -> Self {
        Self { queue: Mutex::new(Queue::new(permits)) }
    }

    fn acquire(&self, n: u32) -> Held<'_, Self> {
        loop {
            if let Some(held) = self.acquire_until(n, Deadline::NEVER) {
                return held;
            }
        }
    }

    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>> {
        self.queue.lock().take(n).then(|| Held::new(self, n))
    }

    fn release(&self, n: u32) {
        let served = self.queue.lock().give(n);
        wake(&served);
    }

    fn available(&self) -> u32 {
        self.queue.lock().free()
    }
}

impl QueuedSemaphore for GivingUp {
    fn waiting(&self) -> usize {
        self.queue.lock().waiting()
    }
}

impl TimedSemaphore for GivingUp {
    fn acquire_until(&self, n: u32, deadline: Deadline) -> Option<Held<'_, Self>> {
        let mut queue = self.queue.lock();
        if !queue.take(n) {
            let parker = Arc::new(Parker::new());
            queue.join(n, Arc::clone(&parker));
            drop(queue);
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
        let mut queue = self.queue.lock();
        let served = match queue.remove(|other| Arc::ptr_eq(other, parker)) {
            Some(_) => queue.give(0),
            None => queue.give(n),
        };
        drop(queue);
        wake(&served);
    }
}

fn wake(served: &[Arc<Parker>]) {
    served.iter().for_each(|parker| kernel::unpark(parker));
}
