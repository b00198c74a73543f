//! Time in a model. The checkers know none: a deadline passes when the model says so.
//!
//! [`expire_deadlines`], called by a thread of the model, may come at any moment, which is what a
//! real deadline does.

use core::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::checker::{self, sync::atomic::AtomicBool};
use super::sleeper::Sleeper;
use crate::Waited;

checker::lazy_static! {
    static ref CLOCK: Clock = Clock {
        looked_at: AtomicBool::new(false),
        state: Mutex::new(State { has_struck: false, sleepers: Vec::new() }),
    };
}

pub(super) struct Clock {
    /// Tells the checker whose order matters: whoever goes to sleep until the clock strikes, or
    /// wakes one of those, and the strike.
    looked_at: AtomicBool,
    state: Mutex<State>,
}

struct State {
    has_struck: bool,
    sleepers: Vec<Arc<Sleeper>>,
}

/// From now on every deadline of this model has passed.
pub fn expire_deadlines() {
    let mut state = look().state.lock().unwrap();
    state.has_struck = true;
    let sleepers = core::mem::take(&mut state.sleepers);
    drop(state);
    sleepers.iter().for_each(|sleeper| _ = sleeper.end(Waited::TimedOut));
}

/// The clock; looking at it is a step of its own, for the checker to put before or after others.
pub(super) fn look() -> &'static Clock {
    // Relaxed: it carries no news, not even the time.
    CLOCK.looked_at.fetch_or(true, Ordering::Relaxed);
    &CLOCK
}

impl Clock {
    pub(super) fn has_struck(&self) -> bool {
        self.state.lock().unwrap().has_struck
    }

    /// Takes a sleeper in; `false` if the clock has struck already.
    pub(super) fn admit(&self, sleeper: &Arc<Sleeper>) -> bool {
        let mut state = self.state.lock().unwrap();
        if !state.has_struck {
            state.sleepers.push(Arc::clone(sleeper));
        }
        !state.has_struck
    }
}
