//! The queue of stages 4 to 6: the permits that are free, and who waits for them, in order.
//!
//! Plain data, which each of those stages has under a mutex. What they differ in is by what a
//! waiter is woken, `W`, and how it may leave.
//!
//! Invariants, true whenever the mutex is free:
//! 1. The first in the queue wants more than is free. So nobody waits for nothing.
//! 2. Who is not in the queue any more has been granted its permits: they are not free.

use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Queue<W> {
    free: u32,
    waiters: VecDeque<Waiter<W>>,
}

#[derive(Debug)]
struct Waiter<W> {
    wants: u32,
    wake: W,
}

impl<W> Queue<W> {
    pub(super) const fn new(permits: u32) -> Self {
        Self { free: permits, waiters: VecDeque::new() }
    }

    pub(super) const fn free(&self) -> u32 {
        self.free
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Takes `n` permits, unless there are too few, or others wait.
    pub(super) fn take(&mut self, n: u32) -> bool {
        let is_free = self.waiters.is_empty() && self.free >= n;
        if is_free {
            self.free -= n;
        }
        is_free
    }

    /// Puts somebody who wants `n` permits at the end.
    pub(super) fn join(&mut self, n: u32, wake: W) {
        self.waiters.push_back(Waiter { wants: n, wake });
    }

    /// Adds `n` permits, and takes out of the queue whom what is free is enough for: they are to be
    /// woken, with the mutex free.
    #[must_use = "who was served sleeps until it is woken"]
    pub(super) fn give(&mut self, n: u32) -> Vec<W> {
        self.free += n;
        let mut served = Vec::new();
        while let Some(first) = self.waiters.pop_front_if(|first| first.wants <= self.free) {
            self.free -= first.wants;
            served.push(first.wake);
        }
        served
    }

    /// One who is in the queue.
    pub(super) fn find(&mut self, mut is: impl FnMut(&W) -> bool) -> Option<&mut W> {
        self.waiters.iter_mut().map(|waiter| &mut waiter.wake).find(|wake| is(wake))
    }

    /// Takes one out of the queue who is in it.
    pub(super) fn remove(&mut self, mut is: impl FnMut(&W) -> bool) -> Option<W> {
        let place = self.waiters.iter().position(|waiter| is(&waiter.wake))?;
        self.waiters.remove(place).map(|waiter| waiter.wake)
    }
}
