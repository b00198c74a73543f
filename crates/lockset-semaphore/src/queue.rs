//! Who is owed what: the permits that are free, the queue, and the grants not yet picked up.
//!
//! Plain data without a lock of its own; the semaphore keeps it behind one.

use core::task::Waker;
use std::collections::BTreeMap;

/// A place in the queue. Tickets only ever rise, so their order is the order of arrival.
pub(crate) type Ticket = u64;

/// Permits and those who want them.
///
/// Invariants, true whenever the semaphore's lock is free:
/// 1. The permits that are free, those granted but not picked up, and those held add up to what the
///    semaphore was made with.
/// 2. A ticket is in `waiting` or in `granted` or gone, never in two of them.
/// 3. If anybody waits, the first in `waiting` wants more than is free: whoever could be granted
///    has been. So order is kept, and nobody sleeps beside a permit that is theirs.
#[derive(Debug)]
pub(crate) struct Queue {
    free: usize,
    closed: bool,
    next: Ticket,
    waiting: BTreeMap<Ticket, Waiter>,
    granted: BTreeMap<Ticket, usize>,
}

#[derive(Debug)]
struct Waiter {
    wants: usize,
    waker: Waker,
}

/// What a waiter finds when it looks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Granted,
    Waiting,
    Closed,
}

impl Queue {
    pub(crate) const fn new(permits: usize) -> Self {
        Self {
            free: permits,
            closed: false,
            next: 0,
            waiting: BTreeMap::new(),
            granted: BTreeMap::new(),
        }
    }

    pub(crate) fn free(&self) -> usize {
        self.free
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes `n` permits if they are free and nobody came before.
    pub(crate) fn take(&mut self, n: usize) -> bool {
        let free = self.waiting.is_empty() && self.free >= n;
        if free {
            self.free -= n;
        }
        free
    }

    /// Queues up for `n` permits.
    pub(crate) fn join(&mut self, n: usize, waker: &Waker) -> Ticket {
        let ticket = self.next;
        self.next += 1;
        self.waiting.insert(ticket, Waiter { wants: n, waker: waker.clone() });
        ticket
    }

    /// Picks up what was granted to `ticket`, or sees to it that `waker` is told.
    pub(crate) fn look(&mut self, ticket: Ticket, waker: &Waker) -> Turn {
        if self.granted.remove(&ticket).is_some() {
            return Turn::Granted;
        }
        match self.waiting.get_mut(&ticket) {
            Some(waiter) => {
                waiter.waker.clone_from(waker);
                Turn::Waiting
            }
            None => Turn::Closed,
        }
    }

    /// Gives up `ticket`; what was granted to it goes to whoever is next. Returns whom to wake.
    #[must_use = "those who were granted permits sleep until they are woken"]
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Vec<Waker> {
        let given_back = self.granted.remove(&ticket).unwrap_or(0);
        self.waiting.remove(&ticket);
        self.give(given_back)
    }

    /// Gives back `n` permits and grants them, first come first served. Returns whom to wake.
    #[must_use = "those who were granted permits sleep until they are woken"]
    pub(crate) fn give(&mut self, n: usize) -> Vec<Waker> {
        self.free += n;
        let mut wake = Vec::new();
        while let Some(first) = self.waiting.first_entry() {
            if first.get().wants > self.free {
                break;
            }
            let (ticket, waiter) = first.remove_entry();
            self.free -= waiter.wants;
            self.granted.insert(ticket, waiter.wants);
            wake.push(waiter.waker);
        }
        wake
    }

    /// Sends everybody away who has not been granted anything. Returns whom to wake.
    #[must_use = "those who wait sleep until they are woken"]
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        self.closed = true;
        let waiting = core::mem::take(&mut self.waiting);
        waiting.into_values().map(|waiter| waiter.waker).collect()
    }
}
