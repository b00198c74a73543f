//! What a lock must do that can be lost, while its store is hurt.
//!
//! Every check ends with a lock that is free soon after its leases' time at the latest: whatever
//! went wrong, nothing stays locked on nobody's behalf.

mod contention;

use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, Error, ErrorKind, Lease, LeaseLock, Loss, Released};

use crate::lease::{granted, released};
use crate::lock::{SOON, ensure, join, try_elsewhere};
use crate::{Check, FaultSubject};

pub use contention::contenders_never_overlap_whatever_happens;

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! faults {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { faults [
            a_cut_connection_costs_no_lease
            a_short_outage_costs_no_lease
            a_long_outage_costs_the_lease_and_is_told_in_time
            a_release_without_an_answer_is_not_called_one
            a_waiter_waits_through_a_fault
            waiters_that_give_up_in_a_fault_leave_no_trace
            a_restart_takes_no_fence_back
            contenders_never_overlap_whatever_happens
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: FaultSubject>() -> [Check<S>; 8] {
    crate::faults!(__values, S)
}

/// Long enough that only a renewal that did not come costs a lease, on a slow machine too.
const TTL: Duration = Duration::from_secs(2);

/// Short enough to wait for its end.
const BRIEF: Duration = Duration::from_millis(600);

/// Connections break, again and again for longer than the lease lasts, and it goes on; or it ends
/// with its connection, and its holder is told.
///
/// # Errors
///
/// What was seen instead.
pub fn a_cut_connection_costs_no_lease<S: FaultSubject>(subject: &S) -> Result<(), String> {
    let lock = subject.open_renewed(TTL);
    let lease = granted(&lock)?;
    for _ in 0..6 {
        subject.cut();
        broken::<S>(&lease, TTL / 4, "a cut connection")?;
    }
    if !S::ENDS_WITH_CONNECTION {
        ensure(try_elsewhere(subject)?.is_none(), "two leases at once")?;
        released(lease)?;
    }
    free_in_time(subject, SOON)
}

/// A store that is out of reach or stopped, for less than the lease lasts, costs no lease, unless
/// that breaks what the lease ends with.
///
/// # Errors
///
/// What was seen instead.
pub fn a_short_outage_costs_no_lease<S: FaultSubject>(subject: &S) -> Result<(), String> {
    for (start, end) in outages::<S>().into_iter().skip(usize::from(S::ENDS_WITH_CONNECTION)) {
        let lock = subject.open_renewed(TTL);
        let lease = granted(&lock)?;
        // In every other third of its time, so that some renewal falls into an outage.
        for _ in 0..3 {
            let outage = Outage::begin(subject, start, end);
            lasts(&lease, TTL / 3, "an outage of a third of its time")?;
            drop(outage);
            lasts(&lease, TTL / 3, "an outage that is over")?;
        }
        released(lease)?;
        free_in_time(subject, SOON)?;
    }
    Ok(())
}

/// A store that is out of reach or stopped for longer costs the lease, and its holder is told by
/// the time at which it runs out, without the store, and hence before anybody else gets it.
///
/// # Errors
///
/// What was seen instead.
pub fn a_long_outage_costs_the_lease_and_is_told_in_time<S: FaultSubject>(
    subject: &S,
) -> Result<(), String> {
    for (start, end) in outages::<S>() {
        let lock = subject.open_renewed(BRIEF);
        let lease = granted(&lock)?;
        let lost = lease.lost();
        let outage = Outage::begin(subject, start, end);
        // At most one renewal has come before the outage: no later end than this.
        let told = lost.wait(Deadline::after(BRIEF + LATE));
        let expected = match told {
            Some(End::Lost(Loss::Expired)) => true,
            Some(End::Lost(_)) => S::ENDS_WITH_CONNECTION,
            _ => false,
        };
        if !expected {
            return Err(format!("{LATE:?} after it ran out, its holder is told {told:?}"));
        }
        ensure(lease.remaining() == Duration::ZERO, "a lost lease has time left")?;
        // Until the server, too, counts it as over: what it then finds in its inbox is no renewal.
        thread::sleep(BRIEF);
        drop(outage);
        let next_lock = subject.open();
        let Some(next) = next_lock.lease_until(by(BRIEF + SOON)).map_err(text)? else {
            return Err("nobody is granted the lock after its holder has lost it".into());
        };
        match lease.release() {
            Ok(Released::AlreadyLost(_)) => {}
            other => return Err(format!("a lost lease was released {other:?}")),
        }
        ensure(try_elsewhere(subject)?.is_none(), "a stale release freed its successor's lock")?;
        released(next)?;
    }
    free_in_time(subject, SOON)
}

/// A release that the store does not answer is no release: it is reported as unknown or failed, or
/// the lease as lost, before long; and the lock is free when the lease has run out.
///
/// # Errors
///
/// What was seen instead.
pub fn a_release_without_an_answer_is_not_called_one<S: FaultSubject>(
    subject: &S,
) -> Result<(), String> {
    for (start, end) in outages::<S>() {
        let lock = subject.open_renewed(TTL);
        let lease = granted(&lock)?;
        let outage = Outage::begin(subject, start, end);
        let asked = Instant::now();
        let answer = lease.release();
        ensure(asked.elapsed() < TTL + SOON, "a release waits for longer than its lease lasts")?;
        match answer {
            Ok(Released::AlreadyLost(_)) => {}
            Err(error) if is_honest(&error) => {}
            other => return Err(format!("a release that nobody answered says {other:?}")),
        }
        drop(outage);
        free_in_time(subject, TTL + SOON)?;
    }
    Ok(())
}

/// Whoever waits while the store is hurt is granted the lock in the end, or told honestly why not.
///
/// # Errors
///
/// What was seen instead.
pub fn a_waiter_waits_through_a_fault<S: FaultSubject>(subject: &S) -> Result<(), String> {
    let lock = subject.open_renewed(TTL);
    let lease = granted(&lock)?;
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let lock = subject.open();
            let answer = lock.lease_until(by(WAIT)).map(|lease| lease.map(released));
            match answer {
                Ok(Some(released)) => released,
                Ok(None) => Err(format!("a waiter with {WAIT:?} was not granted a free lock")),
                Err(error) if is_honest(&error) => Ok(()),
                Err(error) => Err(format!("a waiter is told {error:?}")),
            }
        });
        let hurt = || -> Result<(), String> {
            subject.cut();
            broken::<S>(&lease, TTL / 4, "a cut connection")?;
            for (start, end) in outages::<S>() {
                let outage = Outage::begin(subject, start, end);
                broken::<S>(&lease, TTL / 4, "a short outage")?;
                drop(outage);
                broken::<S>(&lease, TTL / 4, "a short outage")?;
            }
            Ok(())
        };
        let hurt = hurt();
        drop(lease);
        join(waiter)?;
        hurt
    })?;
    free_in_time(subject, TTL + SOON)
}

/// Waiters whose deadline comes in an outage give up then, and do not get the lock afterwards.
///
/// # Errors
///
/// What was seen instead.
pub fn waiters_that_give_up_in_a_fault_leave_no_trace<S: FaultSubject>(
    subject: &S,
) -> Result<(), String> {
    for (start, end) in outages::<S>() {
        for patience in [1, 20, 200].map(Duration::from_millis) {
            let outage = Outage::begin(subject, start, end);
            let lock = subject.open_renewed(BRIEF);
            let asked = Instant::now();
            let answer = lock.lease_until(by(patience));
            ensure(asked.elapsed() < patience + SOON, "a waiter waits on after its deadline")?;
            match answer {
                Ok(None) => {}
                Err(error) if is_honest(&error) => {}
                Ok(Some(_)) => return Err("granted by a store that says nothing".into()),
                Err(error) => return Err(format!("a waiter is told {error:?}")),
            }
            drop(outage);
        }
        // What they had sent may still be granted, for once and for as long as a lease lasts.
        free_in_time(subject, BRIEF + SOON)?;
    }
    Ok(())
}

/// After a restart, whatever the store remembers, fences go on rising, and the holder from before
/// either has its lease still or is told that it has lost it.
///
/// # Errors
///
/// What was seen instead.
pub fn a_restart_takes_no_fence_back<S: FaultSubject>(subject: &S) -> Result<(), String> {
    let mut latest = None;
    for _ in 0..3 {
        // Several from one life of the store, so that counting anew does not look like rising.
        for _ in 0..3 {
            let lock = subject.open();
            let lease = lock.lease_until(by(TTL + SOON)).map_err(text)?.ok_or("never free")?;
            let (before, fence) = (latest.replace(lease.fence()), lease.fence());
            if before.is_some_and(|before| fence <= before) {
                return Err(format!("fence {fence} came after {before:?}"));
            }
            released(lease)?;
        }
        let lock = subject.open_renewed(TTL);
        let lease = granted(&lock)?;
        latest = Some(lease.fence());
        subject.restart();
        let lost = lease.lost().wait(by(TTL));
        let taken = try_elsewhere(subject)?.is_some();
        ensure(!taken || lost.is_some(), "granted to another, and its holder is not told")?;
        drop(lease);
    }
    free_in_time(subject, TTL + SOON)
}

/// How late a thread may be told something by its own machine.
const LATE: Duration = Duration::from_secs(1);

/// How long a waiter may wait: beyond any outage here, within the suite's patience.
const WAIT: Duration = Duration::from_secs(30);

/// What makes a store silent, and what lets it speak again.
type Switch<S> = fn(&S);

/// Out of reach, which a client sees, and stopped, which looks like a slow answer.
fn outages<S: FaultSubject>() -> [(Switch<S>, Switch<S>); 2] {
    [(S::sever, S::heal), (S::pause, S::resume)]
}

/// A store that says nothing until this is dropped, also by a check that has failed.
struct Outage<'a, S>(&'a S, Switch<S>);

impl<'a, S> Outage<'a, S> {
    fn begin(subject: &'a S, start: Switch<S>, end: Switch<S>) -> Self {
        start(subject);
        Self(subject, end)
    }
}

impl<S> Drop for Outage<'_, S> {
    fn drop(&mut self) {
        (self.1)(self.0);
    }
}

/// Fails if the lease is lost within `time`.
fn lasts(lease: &impl Lease, time: Duration, what: &str) -> Result<(), String> {
    match lease.lost().wait(Deadline::after(time)) {
        None => Ok(()),
        Some(end) => Err(format!("{what} ended a lease: {end:?}")),
    }
}

/// Fails if a broken connection ends a lease that outlives it, or if the holder of one that does
/// not is not told.
fn broken<S: FaultSubject>(lease: &impl Lease, time: Duration, what: &str) -> Result<(), String> {
    if !S::ENDS_WITH_CONNECTION {
        return lasts(lease, time, what);
    }
    match lease.lost().wait(by(LATE)) {
        Some(End::Lost(_)) => Ok(()),
        other => Err(format!("{what} ends a lease, and its holder is told {other:?}")),
    }
}

/// Fails unless the lock is granted within `time`, through faults that are only just over.
fn free_in_time<S: FaultSubject>(subject: &S, time: Duration) -> Result<(), String> {
    let lock = subject.open();
    match lock.lease_until(by(time)).map_err(text)? {
        Some(lease) => released(lease),
        None => Err(format!("the lock is still held after {time:?}, on nobody's behalf")),
    }
}

/// Whether it says that the store did not answer, and not that something else is wrong.
fn is_honest(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unknown | ErrorKind::Lost)
}

fn by(time: Duration) -> Deadline {
    Deadline::after(time)
}

fn text(error: Error) -> String {
    format!("{error:?}")
}
