//! Threads that sleep in a model, and the queue of those that sleep on a word.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use super::checker::thread::{self, Thread};
use super::clock::Clock;
use crate::Waited;

/// One sleep of one thread. It ends once, by a wake-up or by a deadline, never by both.
#[derive(Debug)]
pub(super) struct Sleeper {
    thread: Thread,
    ended: OnceLock<Waited>,
}

impl Sleeper {
    /// Of the calling thread.
    pub(super) fn new() -> Self {
        Self { thread: thread::current(), ended: OnceLock::new() }
    }

    pub(super) fn sleep(&self) -> Waited {
        loop {
            match self.ended.get() {
                Some(how) => return *how,
                None => thread::park(),
            }
        }
    }

    /// Ends the sleep, unless it has ended; the latter as `false`.
    pub(super) fn end(&self, how: Waited) -> bool {
        let is_first = self.ended.set(how).is_ok();
        if is_first {
            self.thread.unpark();
        }
        is_first
    }
}

/// Those who sleep on one word, in the order of their coming.
#[derive(Debug)]
pub(super) struct Sleepers {
    queue: Mutex<VecDeque<Entry>>,
}

#[derive(Debug)]
struct Entry {
    sleeper: Arc<Sleeper>,
    mask: u32,
    is_timed: bool,
}

impl Sleepers {
    pub(super) const fn new() -> Self {
        Self { queue: Mutex::new(VecDeque::new()) }
    }

    /// Sleeps until woken, or until the clock, if there is one, strikes.
    pub(super) fn sleep(&self, mask: u32, clock: Option<&Clock>) -> Waited {
        let sleeper = Arc::new(Sleeper::new());
        if clock.is_some_and(|clock| !clock.admit(&sleeper)) {
            return Waited::TimedOut;
        }
        let entry = Entry { sleeper: Arc::clone(&sleeper), mask, is_timed: clock.is_some() };
        self.queue.lock().unwrap().push_back(entry);
        sleeper.sleep()
    }

    pub(super) fn any_timed(&self) -> bool {
        self.queue.lock().unwrap().iter().any(|entry| entry.is_timed)
    }

    /// Wakes the first `count` of those who sleep with a bit of `mask` set; how many those were.
    pub(super) fn wake(&self, mask: u32, count: u32) -> u32 {
        let next = || {
            let mut queue = self.queue.lock().unwrap();
            let first = queue.iter().position(|entry| entry.mask & mask != 0)?;
            queue.remove(first)
        };
        let mut left = count;
        while left > 0 {
            let Some(entry) = next() else { break };
            // Those whose deadline has passed are gone, and use up no wake-up.
            left -= u32::from(entry.sleeper.end(Waited::Woken));
        }
        count - left
    }
}
