//! Running checks, so that a lock that hangs fails like one that answers wrongly.

use core::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a check may take before it counts as hung. Long enough for any machine: a check that
/// passes never waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One promise, and how to see it broken.
#[derive(Clone, Copy)]
pub struct Check<S> {
    name: &'static str,
    body: fn(&S) -> Result<(), String>,
}

/// A promise that a lock did not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The name of the check, which says what is broken.
    pub check: &'static str,
    /// What was seen instead.
    pub seen: String,
}

impl<S> Check<S> {
    /// A check of this name.
    #[must_use]
    pub const fn new(name: &'static str, body: fn(&S) -> Result<(), String>) -> Self {
        Self { name, body }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// Runs one check on a subject of its own.
///
/// # Errors
///
/// The [`Failure`], if the lock broke the promise, panicked, or did not answer within `patience`.
pub fn run<S: Send + Sync + 'static>(
    check: Check<S>,
    subject: S,
    patience: Duration,
) -> Result<(), Failure> {
    let (done, outcome) = mpsc::channel();
    let body = check.body;
    // Not joined: a thread that hangs in a broken lock cannot be ended. The test process ends it.
    thread::spawn(move || {
        let caught = panic::catch_unwind(AssertUnwindSafe(|| body(&subject)));
        let seen = caught.unwrap_or_else(|panic| Err(format!("panicked: {}", text(&*panic))));
        drop(done.send(seen));
    });
    let seen = match outcome.recv_timeout(patience) {
        Ok(seen) => seen,
        Err(RecvTimeoutError::Timeout) => Err(format!("hangs: no end within {patience:?}")),
        Err(RecvTimeoutError::Disconnected) => Err("the check's thread died".into()),
    };
    seen.map_err(|seen| Failure { check: check.name, seen })
}

/// Runs checks one after another, each on a fresh subject, and returns those that failed.
pub fn failures<S: Send + Sync + 'static>(
    checks: impl IntoIterator<Item = Check<S>>,
    subject: impl Fn() -> S,
    patience: Duration,
) -> Vec<Failure> {
    checks.into_iter().filter_map(|check| run(check, subject(), patience).err()).collect()
}

fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?")
}

impl<S> fmt::Debug for Check<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.seen)
    }
}
