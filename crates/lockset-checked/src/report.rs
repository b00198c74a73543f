//! Who is told of a cycle.

use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::Cycle;

static HOOK: Mutex<fn(&Cycle)> = Mutex::new(panic_with);

/// Has `hook` called with each cycle, in place of the panic, in the whole process.
///
/// It is called on the thread that asks, before that waits. When it returns, the thread goes on to
/// wait, and the same two locks are not reported again; so a service can log what it finds, and
/// meets the deadlock itself if it is there. [`panic_with`] is what is called if nothing is set.
///
/// ```
/// lockset_checked::on_cycle(|cycle| eprintln!("{cycle}"));
/// # lockset_checked::on_cycle(lockset_checked::panic_with);
/// ```
pub fn on_cycle(hook: fn(&Cycle)) {
    *HOOK.lock().unwrap_or_else(PoisonError::into_inner) = hook;
}

/// Panics with the cycle: what happens unless [`on_cycle`] says otherwise.
///
/// On a thread that panics already it returns: a second panic would end the process, and hide the
/// first.
///
/// # Panics
///
/// That is what it is for.
pub fn panic_with(cycle: &Cycle) {
    if !thread::panicking() {
        panic!("{cycle}");
    }
}

/// Tells the hook, with nothing locked: it may take locks of its own.
pub(crate) fn report(cycle: &Cycle) {
    let hook = *HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    hook(cycle);
}
