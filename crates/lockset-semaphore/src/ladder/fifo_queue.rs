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
//! Its invariants are in `queue.rs`, which stages 5 and 6 have in common with it.
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

use std::sync::Arc;

use super::queue::Queue;
use super::{Held, QueuedSemaphore, RawSemaphore, kernel};
use crate::sync::{Mutex, Parker};

/// A semaphore that serves in order.
#[derive(Debug)]
pub struct FifoQueue {
    queue: Mutex<Queue<Arc<Parker>>>,
}

impl RawSemaphore for FifoQueue {
    fn new(permits: u32) -> Self {
        Self { queue: Mutex::new(Queue::new(permits)) }
    }

    fn acquire(&self, n: u32) -> Held<'_, Self> {
        let mut queue = self.queue.lock();
        if !queue.take(n) {
            let parker = Arc::new(Parker::new());
            queue.join(n, Arc::clone(&parker));
            drop(queue);
            kernel::park(&parker, None);
        }
        Held::new(self, n)
    }

    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>> {
        self.queue.lock().take(n).then(|| Held::new(self, n))
    }

    fn release(&self, n: u32) {
        let served = self.queue.lock().give(n);
        // It is unlocked again: whoever wakes up need not wait for it.
        served.iter().for_each(|parker| kernel::unpark(parker));
    }

    fn available(&self) -> u32 {
        self.queue.lock().free()
    }
}

impl QueuedSemaphore for FifoQueue {
    fn waiting(&self) -> usize {
        self.queue.lock().waiting()
    }
}
