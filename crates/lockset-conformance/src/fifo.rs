//! What a lock must do that serves its waiters in order.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lock};

use crate::lock::{SOON, ensure, join};
use crate::{Check, QueueSubject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! fifo {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { fifo [
            waiters_are_served_in_the_order_of_arrival
            whoever_gives_up_leaves_the_queue_to_the_others
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: QueueSubject>() -> [Check<S>; 2] {
    crate::fifo!(__values, S)
}

/// How many wait at once.
const WAITERS: usize = 6;

/// Between two looks at the queue, which may be a round trip away.
const LOOK: Duration = Duration::from_millis(1);

/// Whoever waits first is granted the lock first.
///
/// # Errors
///
/// What was seen instead.
pub fn waiters_are_served_in_the_order_of_arrival<S: QueueSubject>(
    subject: &S,
) -> Result<(), String> {
    served(subject, &[Deadline::NEVER; WAITERS])
}

/// Waiters that give up are not waited for, and cost nobody his place.
///
/// # Errors
///
/// What was seen instead.
pub fn whoever_gives_up_leaves_the_queue_to_the_others<S: QueueSubject>(
    subject: &S,
) -> Result<(), String> {
    // Long enough for all to arrive first on most machines; where not, less is checked.
    let brief = Deadline::after(Duration::from_millis(500));
    let mut patience = [Deadline::NEVER; WAITERS];
    // The first, the last, and two neighbours.
    for hasty in [0, 2, 3, WAITERS - 1] {
        patience[hasty] = brief;
    }
    served(subject, &patience)
}

/// Lets waiters come one after another, and those with a deadline go again; then the others must
/// be served in order.
fn served<S: QueueSubject>(subject: &S, patience: &[Deadline]) -> Result<(), String> {
    let order = Mutex::new(Vec::new());
    let stays = |n: &usize| patience[*n].instant().is_none();
    let staying: Vec<_> = (0..patience.len()).filter(stays).collect();
    let lock = subject.open();
    let guard = lock.lock().map_err(|error| error.to_string())?;
    thread::scope(|scope| {
        let mut waiters = Vec::new();
        let mut queue = || -> Result<(), String> {
            for (n, deadline) in patience.iter().enumerate() {
                let order = &order;
                waiters.push(scope.spawn(move || {
                    let lock = subject.open();
                    let granted = lock.lock_until(*deadline).map_err(|error| error.to_string())?;
                    if granted.is_some() {
                        order.lock().unwrap_or_else(PoisonError::into_inner).push(n);
                    }
                    Ok(())
                }));
                // Those that have given up meanwhile do not count.
                let here = || (0..=n).filter(|n| !patience[*n].has_passed()).count();
                until(subject, |waiting| waiting >= here())?;
            }
            until(subject, |waiting| waiting == staying.len())
        };
        let queued = queue();
        drop(guard);
        waiters.into_iter().try_for_each(join)?;
        queued
    })?;
    let order = order.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure(order == staying, &format!("served in the order {order:?} instead of {staying:?}"))
}

/// Waits until so many wait.
fn until<S: QueueSubject>(subject: &S, arrived: impl Fn(usize) -> bool) -> Result<(), String> {
    let end = Instant::now() + SOON;
    loop {
        let waiting = subject.waiting();
        if arrived(waiting) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("{waiting} are said to wait, which is wrong"));
        }
        thread::sleep(LOOK);
    }
}
