//! Who holds what: a thread, or a task, and its held set.
//!
//! Each thread has a stack of contexts. At the bottom is its own; above it are the tasks that it is
//! polling at the moment, each inside the one below.

use std::cell::RefCell;
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::claim::Claim;
use crate::graph::WayId;
use crate::mark::{Mark, Site};

/// A thread or a task, and the locks in its hands.
pub(crate) struct Context {
    label: Arc<str>,
    /// How many they are, for whoever only wants to know that there are none.
    count: AtomicUsize,
    held: Mutex<HeldSet>,
}

#[derive(Default)]
struct HeldSet {
    holds: Vec<Hold>,
    next: u64,
}

/// One lock in somebody's hands.
#[derive(Clone)]
pub(crate) struct Hold {
    pub(crate) ticket: u64,
    pub(crate) mark: Arc<Mark>,
    pub(crate) claim: Claim,
    pub(crate) site: Site,
    /// What the graph has learnt from this hold.
    pub(crate) ways: Vec<WayId>,
}

/// Whose held sets count when somebody waits.
#[derive(Clone, Copy)]
pub(crate) enum Waiter {
    /// The thread waits, with all that it and the tasks which it is polling hold.
    Thread,
    /// The innermost task waits; its thread goes on.
    Task,
}

thread_local! {
    static STACK: RefCell<Vec<Arc<Context>>> = RefCell::new(vec![Context::of_thread()]);
}

impl Context {
    pub(crate) fn new(label: String) -> Arc<Self> {
        let (count, held) = (AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { label: label.into(), count, held })
    }

    fn of_thread() -> Arc<Self> {
        let thread = thread::current();
        Self::new(match thread.name() {
            Some(name) => format!("thread `{name}`"),
            None => format!("thread {:?}", thread.id()),
        })
    }

    /// Calls `then` with whoever runs now; `None` where it cannot be told: in a task that nobody
    /// has entered, and at the very end of a thread.
    pub(crate) fn current<T>(waiter: Waiter, then: impl FnOnce(&Arc<Self>) -> T) -> Option<T> {
        with_waiting(waiter, |contexts| contexts.last().map(then)).flatten()
    }

    pub(crate) fn is_current(&self) -> bool {
        let is_last =
            |stack: &[Arc<Self>]| stack.last().is_some_and(|top| &raw const **top == self);
        // At the very end of a thread its stack is gone, and what it drops there is its own.
        with_waiting(Waiter::Thread, is_last).unwrap_or(true)
    }

    pub(crate) fn label(&self) -> Arc<str> {
        Arc::clone(&self.label)
    }

    /// Runs `work` as this task.
    pub(crate) fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        /// Leaves the task also when `work` panics.
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                // Dropped outside the borrow: the last of a task drops what it holds.
                let left = STACK.try_with(|stack| stack.borrow_mut().pop());
                drop(left);
            }
        }
        let entered = STACK.try_with(|stack| stack.borrow_mut().push(Arc::clone(self)));
        let _leave = entered.is_ok().then_some(Leave);
        work()
    }

    /// Adds a lock that was granted, and returns the ticket to remove it with.
    pub(crate) fn add(&self, mark: Arc<Mark>, claim: Claim, site: Site) -> u64 {
        let mut held = self.held();
        let ticket = held.next;
        held.next += 1;
        held.holds.push(Hold { ticket, mark, claim, site, ways: Vec::new() });
        // Relaxed, here and wherever it is used: whoever reads it has counted its own holds itself,
        // and of what others took away it may learn late.
        self.count.store(held.holds.len(), Ordering::Relaxed);
        ticket
    }

    /// The caller drops the hold with nothing locked: the last mark of a lock has work to do.
    pub(crate) fn remove(&self, ticket: u64) -> Option<Hold> {
        let mut held = self.held();
        // The one that was taken last is given back first, as a rule.
        let at = held.holds.iter().rposition(|hold| hold.ticket == ticket)?;
        let hold = held.holds.remove(at);
        // Relaxed: see `add`.
        self.count.store(held.holds.len(), Ordering::Relaxed);
        Some(hold)
    }

    /// Notes at a hold what the graph has learnt from it; `None` if it is held no more.
    pub(crate) fn note(&self, ticket: u64, way: WayId) -> Option<()> {
        let mut held = self.held();
        let hold = held.holds.iter_mut().find(|hold| hold.ticket == ticket)?;
        hold.ways.push(way);
        Some(())
    }

    fn held(&self) -> MutexGuard<'_, HeldSet> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `waiter` has nothing in hand, as good as always.
pub(crate) fn has_empty_hands(waiter: Waiter) -> bool {
    // Relaxed: see `add`.
    let is_empty = |context: &Arc<Context>| context.count.load(Ordering::Relaxed) == 0;
    with_waiting(waiter, |contexts| contexts.iter().all(is_empty)).unwrap_or(true)
}

/// Shows all that `waiter` holds, each with who has it in hand. `look` must take no lock.
pub(crate) fn each_held(waiter: Waiter, mut look: impl FnMut(&Arc<Context>, &Hold)) {
    with_waiting(waiter, |contexts| {
        for context in contexts {
            context.held().holds.iter().for_each(|hold| look(context, hold));
        }
    });
}

/// Shows the contexts that wait when `waiter` does; `None` at the very end of a thread.
fn with_waiting<T>(waiter: Waiter, look: impl FnOnce(&[Arc<Context>]) -> T) -> Option<T> {
    let look = |stack: &RefCell<Vec<Arc<Context>>>| {
        let stack = stack.borrow();
        look(match waiter {
            Waiter::Thread => &stack,
            // The first is the thread's own, which does not wait.
            Waiter::Task => stack[1..].last().map_or(&[], slice::from_ref),
        })
    };
    STACK.try_with(look).ok()
}
