//! What a lock must do that can be lost.

use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, End, Error, Fence, Lease, LeaseLock, Loss, Released, block_on};

use crate::lock::{SOON, ensure, join, try_elsewhere};
use crate::{Check, LeaseSubject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! lease {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { lease [
            fences_rise
            fences_rise_under_contention
            a_lease_in_hand_is_not_lost
            a_loss_is_told
            a_loss_is_told_before_the_next_holder
            a_stale_release_is_harmless
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: LeaseSubject>() -> [Check<S>; 6] {
    crate::lease!(__values, S)
}

/// Short enough to wait for its end, long enough for a slow machine to be granted it.
const BRIEF: Duration = Duration::from_millis(400);

/// Each grant has a greater fence than all before it: after a release, a drop, and an expiry.
///
/// # Errors
///
/// What was seen instead.
pub fn fences_rise<S: LeaseSubject>(subject: &S) -> Result<(), String> {
    let mut latest: Option<Fence> = None;
    let mut rises = |how: &str, fence: Fence| {
        let before = latest.replace(fence);
        if before.is_some_and(|before| fence <= before) {
            return Err(format!("{how}: fence {fence} came after {}", before.unwrap_or(fence)));
        }
        Ok(())
    };
    let (lock, other) = (subject.open(), subject.open());
    for _ in 0..3 {
        let lease = granted(&lock)?;
        rises("after a release", lease.fence())?;
        released(lease)?;
        let lease = granted(&other)?;
        rises("after a release", lease.fence())?;
        drop(lease);
        let brief = subject.open_brief(BRIEF);
        let lease = granted(&brief)?;
        rises("after a drop", lease.fence())?;
        let _ = lease.lost().wait(Deadline::NEVER);
        let after = granted(&lock)?;
        rises("after an expiry", after.fence())?;
        released(after)?;
    }
    Ok(())
}

/// The same with several contenders: the fences of grants that follow each other rise.
///
/// # Errors
///
/// What was seen instead.
pub fn fences_rise_under_contention<S: LeaseSubject>(subject: &S) -> Result<(), String> {
    let recorder = lockset_trace::Recorder::new();
    thread::scope(|scope| {
        let contenders: Vec<_> = (0..3)
            .map(|id| {
                let mut actor = recorder.actor(format!("contender {id}"), "lock");
                scope.spawn(move || {
                    let lock = subject.open();
                    for _ in 0..S::ROUNDS.min(20) {
                        actor.want();
                        let lease = granted(&lock)?;
                        actor.got_fenced(lease.fence().value());
                        actor.released();
                        released(lease)?;
                    }
                    Ok(())
                })
            })
            .collect();
        contenders.into_iter().try_for_each(|contender| join(contender))
    })?;
    match recorder.finish().check(1).violations.first() {
        Some(violation) => Err(violation.to_string()),
        None => Ok(()),
    }
}

/// A lease that is held is not lost, and one that was released is no loss either.
///
/// # Errors
///
/// What was seen instead.
pub fn a_lease_in_hand_is_not_lost<S: LeaseSubject>(subject: &S) -> Result<(), String> {
    let lock = subject.open();
    let lease = granted(&lock)?;
    let lost = lease.lost();
    ensure(!lost.is_lost(), "a lease was lost as soon as it was granted")?;
    ensure(lease.remaining() > Duration::ZERO, "a lease in hand has no time left")?;
    released(lease)?;
    ensure(!lost.is_lost(), "a lease that was given back is called lost")?;
    match lost.wait(Deadline::after(SOON)) {
        Some(End::Released) => Ok(()),
        other => Err(format!("whoever watches a released lease is told {other:?}")),
    }
}

/// A lease that runs out is lost: by the flag, to a thread that waits, and to a task.
///
/// # Errors
///
/// What was seen instead.
pub fn a_loss_is_told<S: LeaseSubject>(subject: &S) -> Result<(), String> {
    let lock = subject.open_brief(BRIEF);
    let lease = granted(&lock)?;
    let (thread, task) = (lease.lost(), lease.lost());
    let told = thread::scope(|scope| {
        let thread = scope.spawn(move || thread.wait(Deadline::after(BRIEF + SOON)));
        let task = scope.spawn(move || block_on(task));
        (thread.join().ok().flatten(), task.join().ok())
    });
    let expired = Some(End::Lost(Loss::Expired));
    if told != (expired, expired) {
        return Err(format!("a lease that ran out told its watchers {told:?}"));
    }
    ensure(lease.lost().is_lost(), "the flag of a lease that ran out is not set")?;
    ensure(lease.remaining() == Duration::ZERO, "a lost lease has time left")?;
    match lease.release().map_err(|error| error.to_string())? {
        Released::AlreadyLost(_) => Ok(()),
        other => Err(format!("a lease that ran out was released {other:?}")),
    }
}

/// By the time another is granted the lock, the one who lost it can know.
///
/// # Errors
///
/// What was seen instead.
pub fn a_loss_is_told_before_the_next_holder<S: LeaseSubject>(subject: &S) -> Result<(), String> {
    for _ in 0..3 {
        let lock = subject.open_brief(BRIEF);
        let lease = granted(&lock)?;
        let next_lock = subject.open();
        let next = granted(&next_lock)?;
        ensure(lease.lost().is_lost(), "two leases at once, and the first not told")?;
        released(next)?;
    }
    Ok(())
}

/// Releasing a lease that was lost does nothing to whoever holds the lock now.
///
/// # Errors
///
/// What was seen instead.
pub fn a_stale_release_is_harmless<S: LeaseSubject>(subject: &S) -> Result<(), String> {
    let lock = subject.open_brief(BRIEF);
    let stale = granted(&lock)?;
    let next_lock = subject.open();
    let next = granted(&next_lock)?;
    match stale.release().map_err(|error| error.to_string())? {
        Released::AlreadyLost(_) => {}
        other => return Err(format!("a lost lease was released {other:?}")),
    }
    ensure(try_elsewhere(subject)?.is_none(), "a stale release freed the lock of its successor")?;
    released(next)
}

/// A lease, however long the lock has to be waited for.
pub(crate) fn granted<L: LeaseLock>(lock: &L) -> Result<L::Lease<'_>, String> {
    lock.lease().map_err(|error| format!("{error:?}"))
}

pub(crate) fn released(lease: impl Lease<Error = Error>) -> Result<(), String> {
    match lease.release().map_err(|error| format!("{error:?}"))? {
        Released::InTime => Ok(()),
        other => Err(format!("a lease in hand was released {other:?}")),
    }
}
