//! When which lease is due: one timer for all leases of a server.
//!
//! A task and a timer for each would be simpler, and cost more than all the rest of taking a lock
//! and giving it back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::driver::now;
use super::keeper::Held;

/// The leases that are kept, by the instant at which each has to be seen to.
#[derive(Default)]
pub(crate) struct Renewer {
    state: Mutex<State>,
    /// Something is due earlier than the task will look.
    earlier: Notify,
}

/// Where a lease stands in the order of those that are due.
pub(crate) type Due = (Instant, u64);

#[derive(Default)]
struct State {
    due: BTreeMap<Due, Arc<Held>>,
    /// Tells those apart that are due together.
    next: u64,
    /// When the task looks next; none if it does not run.
    ///
    /// A lease that is given back does not change it. So where leases are short, and come one after
    /// another, the task is not bothered by any of them.
    looks: Option<Instant>,
}

impl Renewer {
    /// Has the lease seen to at `at`. Runs on the driver.
    pub(crate) fn add(self: &Arc<Self>, held: Arc<Held>, at: Instant) -> Due {
        let mut state = self.lock();
        let due = (at, state.next);
        state.next += 1;
        state.due.insert(due, held);
        match state.looks {
            Some(looks) if looks <= at => {}
            Some(_) => {
                state.looks = Some(at);
                self.earlier.notify_one();
            }
            None => {
                state.looks = Some(at);
                Handle::current().spawn(Arc::clone(self).run(at));
            }
        }
        due
    }

    /// The lease is somebody else's business by now.
    pub(crate) fn remove(&self, due: Due) {
        // The statement's end lets the lock go, before the lease is dropped.
        let held = self.lock().due.remove(&due);
        drop(held);
    }

    /// Runs as long as there is anything to see to, or was when it last looked.
    async fn run(self: Arc<Self>, mut looks: Instant) {
        loop {
            tokio::select! {
                () = sleep_until(looks.into()) => {}
                () = self.earlier.notified() => {}
            }
            let Some(next) = self.see_to_those_that_are_due(looks) else { return };
            looks = next;
        }
    }

    /// Says when to look next, if ever; it was to look at `looked`, if nothing is due earlier.
    fn see_to_those_that_are_due(self: &Arc<Self>, looked: Instant) -> Option<Instant> {
        let mut state = self.lock();
        if let Some(earlier) = state.looks.filter(|looks| *looks < looked) {
            return Some(earlier);
        }
        let later = state.due.split_off(&(now(), u64::MAX));
        let due = core::mem::replace(&mut state.due, later);
        state.looks = state.due.first_key_value().map(|((at, _), _)| *at);
        let looks = state.looks;
        drop(state);
        for held in due.into_values() {
            // Each by itself, so that none waits for the answer that another gets.
            tokio::spawn(held.see_to());
        }
        looks
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
