//! The fourth user: somebody's own lock, and the suite that says whether it is one.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lockset::{Deadline, Lock};
use lockset_conformance::{PATIENCE, Subject, failures, lock};

/// The smallest lock there is: a flag, and threads that try until they have set it.
#[derive(Default)]
struct Spin(AtomicBool);

struct SpinGuard<'a>(&'a Spin);

impl Drop for SpinGuard<'_> {
    fn drop(&mut self) {
        // Release: what was done under the lock is there for whoever sets the flag next.
        self.0.0.store(false, Ordering::Release);
    }
}

impl Lock for Spin {
    type Guard<'a> = SpinGuard<'a>;
    type Error = Infallible;

    fn lock(&self) -> Result<SpinGuard<'_>, Infallible> {
        loop {
            if let Some(guard) = self.try_lock()? {
                return Ok(guard);
            }
            thread::yield_now();
        }
    }

    fn try_lock(&self) -> Result<Option<SpinGuard<'_>>, Infallible> {
        // Acquire: pairs with the Release above.
        let was_free = !self.0.swap(true, Ordering::Acquire);
        // `then`, not `then_some`: a guard that is made and dropped unlocks.
        Ok(was_free.then(|| SpinGuard(self)))
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<SpinGuard<'_>>, Infallible> {
        loop {
            let guard = self.try_lock()?;
            if guard.is_some() || deadline.has_passed() {
                return Ok(guard);
            }
            thread::yield_now();
        }
    }
}

/// How the suite opens one more handle on it.
#[derive(Default)]
struct Ours(Arc<Spin>);

impl Subject for Ours {
    type Lock = Arc<Spin>;

    fn open(&self) -> Arc<Spin> {
        Arc::clone(&self.0)
    }
}

// As tests, one for each check: lockset_conformance::suite!(spin: Ours::default() => lock);
pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let checks = lock::checks::<Ours>();
    checks.iter().for_each(|check| println!("checks {}", check.name()));
    let failures = failures(checks, Ours::default, PATIENCE);
    failures.iter().for_each(|failure| println!("broken: {failure}"));
    assert!(failures.is_empty());
    Ok(())
}
