//! Waiting for an event that nobody announces, such as the end of a stranger's process.
//!
//! It is here, once, so that no test has a reason to sleep: a test that sleeps "to make sure" is
//! slow on a fast machine and wrong on a slow one.

use std::thread;
use std::time::{Duration, Instant};

/// Far beyond what any of the awaited events takes, so that only a real failure reaches it, also
/// on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Short against the time that a server takes to start, long against the cost of one look.
const INTERVAL: Duration = Duration::from_millis(5);

/// Waits until `happened` returns true.
///
/// For events outside of this process only; inside it, wait on the thing itself.
///
/// # Panics
///
/// When it has not happened after 30 seconds; the message says `what`.
#[track_caller]
pub fn eventually(what: &str, happened: impl FnMut() -> bool) {
    assert!(poll(happened), "waited {PATIENCE:?} in vain until {what}");
}

/// Waits until `happened` returns true, or says false after 30 seconds.
pub(crate) fn poll(mut happened: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if happened() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(INTERVAL);
    }
}
