//! Who is owed what: the permits that are free, the queue, and the grants not yet picked up.
//!
//! Plain data without a lock of its own; the semaphore keeps it behind one.

use core::mem;
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

/// What is left to do once the queue's lock has been let go.
///
/// A waker is somebody else's code, and so is dropping one: it may well come back to this very
/// semaphore, to give back the permit of the task that it was the last to know.
#[derive(Debug, Default)]
#[must_use = "those who were granted permits sleep until they are woken"]
pub(crate) struct Afterwards {
    wake: Vec<Waker>,
    drop: Option<Waker>,
}

impl Afterwards {
    pub(crate) fn run(self) {
        drop(self.drop);
        self.wake.into_iter().for_each(Waker::wake);
    }
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
    pub(crate) fn join(&mut self, n: usize, waker: Waker) -> Ticket {
        let ticket = self.next;
        self.next += 1;
        self.waiting.insert(ticket, Waiter { wants: n, waker });
        ticket
    }

    /// Picks up what was granted to `ticket`, or sees to it that `waker` is told.
    pub(crate) fn look(&mut self, ticket: Ticket, waker: Waker) -> (Turn, Afterwards) {
        let (turn, unused) = if self.granted.remove(&ticket).is_some() {
            (Turn::Granted, waker)
        } else if let Some(waiter) = self.waiting.get_mut(&ticket) {
            (Turn::Waiting, mem::replace(&mut waiter.waker, waker))
        } else {
            (Turn::Closed, waker)
        };
        (turn, Afterwards { drop: Some(unused), ..Afterwards::default() })
    }

    /// Gives up `ticket`; what was granted to it goes to whoever is next.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Afterwards {
        let given_back = self.granted.remove(&ticket).unwrap_or(0);
        let drop = self.waiting.remove(&ticket).map(|waiter| waiter.waker);
        Afterwards { drop, ..self.give(given_back) }
    }

    /// Gives back `n` permits and grants them, first come first served.
    pub(crate) fn give(&mut self, n: usize) -> Afterwards {
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
        Afterwards { wake, drop: None }
    }

    /// Sends everybody away who has not been granted anything.
    pub(crate) fn close(&mut self) -> Afterwards {
        self.closed = true;
        let waiting = mem::take(&mut self.waiting);
        let wake = waiting.into_values().map(|waiter| waiter.waker).collect();
        Afterwards { wake, drop: None }
    }
}
