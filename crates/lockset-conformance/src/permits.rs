//! What permits must do.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Permits};

use crate::lock::{SOON, ensure, join, same};
use crate::{Check, PermitsSubject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! permits {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { permits [
            no_more_than_there_are
            all_or_none
            a_wait_gives_up_at_its_deadline_and_not_before
            abandoned_waiters_lose_no_permit
            a_panic_gives_permits_back
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: PermitsSubject>() -> [Check<S>; 5] {
    crate::permits!(__values, S)
}

/// However many contend, no more are inside than there are permits, and all of them get in.
///
/// # Errors
///
/// What was seen instead.
pub fn no_more_than_there_are<S: PermitsSubject>(subject: &S) -> Result<(), String> {
    const PERMITS: usize = 3;
    const THREADS: usize = 8;
    let permits = subject.with_permits(PERMITS);
    let (inside, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let contenders: Vec<_> = (0..THREADS)
            .map(|id| {
                let (permits, inside, peak, start) = (&permits, &inside, &peak, &start);
                // Some take two at once.
                let n = 1 + id % 2;
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..200 {
                        let permit = permits.acquire(n).map_err(|error| error.to_string())?;
                        // Relaxed, here and below: each is one step, and all that is asked is
                        // their order on one counter.
                        let now = inside.fetch_add(n, Ordering::Relaxed) + n;
                        peak.fetch_max(now, Ordering::Relaxed);
                        thread::yield_now();
                        // Relaxed: see above.
                        inside.fetch_sub(n, Ordering::Relaxed);
                        drop(permit);
                    }
                    Ok(())
                })
            })
            .collect();
        contenders.into_iter().try_for_each(|contender| join(contender))
    })?;
    // Relaxed: the threads have been joined.
    let peak = peak.load(Ordering::Relaxed);
    ensure(peak <= PERMITS, &format!("{peak} permits were out at once, of {PERMITS}"))?;
    free(&permits, PERMITS)
}

/// Several permits are taken together or not at all.
///
/// # Errors
///
/// What was seen instead.
pub fn all_or_none<S: PermitsSubject>(subject: &S) -> Result<(), String> {
    let permits = subject.with_permits(3);
    let one = permits.acquire(1).map_err(|error| error.to_string())?;
    let three = permits.try_acquire(3).map_err(|error| error.to_string())?;
    ensure(three.is_none(), "three permits were granted where two were left")?;
    let two = permits.try_acquire(2).map_err(|error| error.to_string())?;
    ensure(two.is_some(), "a refused request kept permits for itself")?;
    drop((one, two));
    free(&permits, 3)
}

/// A wait with a deadline ends then, without permits, and never earlier.
///
/// # Errors
///
/// What was seen instead.
pub fn a_wait_gives_up_at_its_deadline_and_not_before<S: PermitsSubject>(
    subject: &S,
) -> Result<(), String> {
    let permits = subject.with_permits(2);
    let held = permits.acquire(1).map_err(|error| error.to_string())?;
    let deadline = Instant::now() + Duration::from_millis(30);
    let granted = permits.acquire_until(2, Deadline::at(deadline));
    let granted = granted.map_err(|error| error.to_string())?;
    ensure(granted.is_none(), "two permits were granted where one was left")?;
    ensure(Instant::now() >= deadline, "a waiter gave up before its deadline")?;
    drop(held);
    free(&permits, 2)
}

/// A permit that is granted in the moment in which its waiter gives up is not lost, and whoever is
/// behind that waiter gets it.
///
/// # Errors
///
/// What was seen instead.
pub fn abandoned_waiters_lose_no_permit<S: PermitsSubject>(subject: &S) -> Result<(), String> {
    const ROUNDS: u32 = 100;
    let permits = subject.with_permits(2);
    for round in 0..ROUNDS {
        // One permit is free, so whoever wants two may have set it aside when giving up.
        let held = permits.acquire(1).map_err(|error| error.to_string())?;
        let deadline = Instant::now() + round * Duration::from_micros(20);
        thread::scope(|scope| {
            let hasty = scope.spawn(|| {
                let granted = permits.acquire_until(2, Deadline::at(deadline));
                granted.map(|granted| granted.is_some()).map_err(|error| error.to_string())
            });
            let patient =
                scope.spawn(|| permits.acquire(1).map(drop).map_err(|error| error.to_string()));
            if round % 2 == 0 {
                // The permit comes back when the hasty one has certainly given up.
                let granted = join(hasty)?;
                ensure(!granted, "two permits were granted where one was left")?;
                drop(held);
            } else {
                // It comes back in about that moment, in each round a bit later than in the last.
                let returns = deadline + round * Duration::from_micros(2);
                while Instant::now() < returns {
                    thread::yield_now();
                }
                drop(held);
                join(hasty)?;
            }
            join(patient)
        })?;
    }
    free(&permits, 2)
}

/// A panic gives permits back like any other drop.
///
/// # Errors
///
/// What was seen instead.
pub fn a_panic_gives_permits_back<S: PermitsSubject>(subject: &S) -> Result<(), String> {
    let permits = subject.with_permits(2);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _permit = permits.acquire(2).map_err(|error| error.to_string())?;
        resume_unwind(Box::new("on purpose"));
        #[expect(unreachable_code, reason = "the closure's type")]
        Ok::<(), String>(())
    }));
    caught.unwrap_or(Ok(()))?;
    free(&permits, 2)
}

/// Fails unless all permits can be had soon, and no more than those.
fn free<P: Permits>(permits: &P, all: usize) -> Result<(), String> {
    let granted = permits.acquire_until(all, Deadline::after(SOON));
    let granted = granted.map_err(|error| error.to_string())?;
    ensure(granted.is_some(), "a permit was lost: not all can be had")?;
    let more = permits.try_acquire(1).map_err(|error| error.to_string())?;
    same("permits beyond those that there are", 0, usize::from(more.is_some()))
}
