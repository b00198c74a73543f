//! Stage 6, **wakers in the queue**: threads and tasks wait in one queue.
//!
//! *What stage 5 breaks*: a task that waits there takes its thread along, and with it all other
//! tasks of that thread, one of which may have the permit. In the walk, a hundred tasks of one
//! thread share three permits; the first that had to wait would have been the last to run. So the
//! queue does not know who waits, only how to wake it: a [`Waker`]. That of a thread unparks it,
//! and then a thread that waits is a task that is polled whenever it was woken.
//!
//! A future is dropped where a thread times out, and leaves as in stage 5. One more thing can go
//! wrong: a task may be polled by another waker than the last time, and then only the newest wakes
//! it; to keep the old one is the mutant `waker of another poll`.
//!
//! A waker is somebody else's code, which may come back to this very semaphore. So it is cloned,
//! called and dropped with the mutex free.
//!
//! | | |
//! |---|---|
//! | state | the number of free permits and the queue, under a mutex |
//! | read-modify-writes for an uncontended pair | 4, as in stage 4 |
//! | calls to the kernel for an uncontended pair | 0 |
//! | overtaking | none, between threads and tasks either |
//! | many permits at once | keep their place; all behind wait, until they are served or give up |
//!
//! Invariants, true whenever the mutex is free: those of stages 4 and 5.
//!
//! *What this leaves*: a mutex is locked for each permit, also if nobody waits, and each wait
//! allocates. [`Semaphore`](crate::Semaphore) has stage 3's word before the queue, and the queue's
//! places in the futures themselves.
//!
//! # Notes about memory ordering
//!
//! As in stage 4: permits pass from one to the other under the mutex, which each poll locks.
//!
//! ```
//! use lockset_semaphore::ladder::{AsyncSemaphore, RawSemaphore, Wakers};
//!
//! let semaphore = Wakers::new(1);
//! let held = semaphore.acquire(1);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| drop(lockset_api::block_on(semaphore.acquire_async(1))));
//!     drop(held);
//! });
//! ```

mod acquire;

use core::mem;
use core::task::Waker;
use lockset_api::Deadline;

pub use acquire::Acquire;

use super::queue::Queue;
use super::{AsyncSemaphore, Held, QueuedSemaphore, RawSemaphore, TimedSemaphore};
use crate::sync::Mutex;
use acquire::Progress;

/// A semaphore that serves threads and tasks in the order of their coming.
#[derive(Debug)]
pub struct Wakers {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue<Waiter>,
    tickets: u64,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    waker: Waker,
}

impl RawSemaphore for Wakers {
    fn new(permits: u32) -> Self {
        Self { state: Mutex::new(State { queue: Queue::new(permits), tickets: 0 }) }
    }

    fn acquire(&self, n: u32) -> Held<'_, Self> {
        loop {
            if let Some(held) = self.acquire_until(n, Deadline::NEVER) {
                return held;
            }
        }
    }

    fn try_acquire(&self, n: u32) -> Option<Held<'_, Self>> {
        self.state.lock().queue.take(n).then(|| Held::new(self, n))
    }

    fn release(&self, n: u32) {
        let served = self.state.lock().queue.give(n);
        wake(served);
    }

    fn available(&self) -> u32 {
        self.state.lock().queue.free()
    }
}

impl QueuedSemaphore for Wakers {
    fn waiting(&self) -> usize {
        self.state.lock().queue.waiting()
    }
}

impl TimedSemaphore for Wakers {
    fn acquire_until(&self, n: u32, deadline: Deadline) -> Option<Held<'_, Self>> {
        self.try_acquire(n).or_else(|| acquire::block_until(self.acquire_async(n), deadline))
    }
}

impl AsyncSemaphore for Wakers {
    type Acquire<'a> = Acquire<'a>;

    fn acquire_async(&self, n: u32) -> Acquire<'_> {
        Acquire::new(self, n)
    }
}

impl Wakers {
    /// Gives up the place in the queue, or what was granted meanwhile.
    fn leave(&self, n: u32, ticket: u64) {
        let mut state = self.state.lock();
        let gone = state.queue.remove(|waiter| waiter.ticket == ticket);
        let served = state.queue.give(if gone.is_some() { 0 } else { n });
        drop(state);
        drop(gone);
        wake(served);
    }
}

fn wake(served: Vec<Waiter>) {
    served.into_iter().for_each(|waiter| waiter.waker.wake());
}

impl State {
    /// One step of a wait; and the waker that is of no use any more, for the caller to drop.
    fn advance(&mut self, progress: Progress, n: u32, waker: Waker) -> (Progress, Option<Waker>) {
        if let Progress::Queued(ticket) = progress {
            return match self.queue.find(|waiter| waiter.ticket == ticket) {
                Some(waiter) => (progress, Some(mem::replace(&mut waiter.waker, waker))),
                None => (Progress::Done, Some(waker)),
            };
        }
        if self.queue.take(n) {
            return (Progress::Done, Some(waker));
        }
        let ticket = self.tickets;
        self.tickets += 1;
        self.queue.join(n, Waiter { ticket, waker });
        (Progress::Queued(ticket), None)
    }
}
