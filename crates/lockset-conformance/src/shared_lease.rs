//! What a lock must do that readers share and that can be lost.

use std::time::Duration;

use lockset_api::{Deadline, End, Error, Fence, Lease, LeaseLock, Loss, Released, SharedLock};

use crate::lease::{granted, released};
use crate::lock::{SOON, ensure, free_soon, try_elsewhere};
use crate::{Check, LeaseSubject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! shared_lease {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { shared_lease [
            fences_rise_between_readers_and_writers
            a_reader_whose_time_is_over_does_not_end_another
            a_lost_reader_is_told_before_the_next_writer
            a_stale_release_of_a_reader_is_harmless
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: LeaseSubject<Lock: SharedLeaseLock>>() -> [Check<S>; 4] {
    crate::shared_lease!(__values, S)
}

/// A [`SharedLock`] all of whose guards are leases; every such lock is one.
pub trait SharedLeaseLock: SharedLock + LeaseLock {
    /// The guard of a reader, known to be a lease.
    type Share<'a>: Lease<Error = Error>
    where
        Self: 'a;

    /// [`SharedLock::read`], its guard known to be a lease.
    ///
    /// # Errors
    ///
    /// As [`SharedLock::read`].
    fn share(&self) -> Result<Self::Share<'_>, Error>;
}

impl<L> SharedLeaseLock for L
where
    L: SharedLock + LeaseLock + lockset_api::Lock<Error = Error> + 'static,
    for<'a> L::SharedGuard<'a>: Lease<Error = Error>,
{
    type Share<'a> = L::SharedGuard<'a>;

    fn share(&self) -> Result<Self::Share<'_>, Error> {
        self.read()
    }
}

/// Short enough to wait for its end, long enough for a slow machine to be granted it.
const BRIEF: Duration = Duration::from_millis(400);

/// No writer is let in, also not when the server counts a reader whose end has been told as over
/// as well.
fn lets_nobody_in<S: LeaseSubject>(subject: &S) -> Result<(), String> {
    let writer = subject.open();
    let granted = writer.lease_until(Deadline::after(BRIEF / 2));
    let granted = granted.map_err(|error| error.to_string())?;
    ensure(granted.is_none(), "a writer was let in beside a reader")
}

/// A writer's fence is greater than those of the readers before it, and a reader's than that of
/// the writer before it. Readers who hold the lock together are not compared.
///
/// # Errors
///
/// What was seen instead.
pub fn fences_rise_between_readers_and_writers<S: LeaseSubject<Lock: SharedLeaseLock>>(
    subject: &S,
) -> Result<(), String> {
    let (one, other) = (subject.open(), subject.open());
    let mut latest: Option<Fence> = None;
    let mut rises = |who: &str, fences: &[Fence]| {
        let before = latest;
        latest = before.max(fences.iter().copied().max());
        match fences.iter().find(|fence| before.is_some_and(|before| **fence <= before)) {
            Some(fence) => Err(format!("a {who}'s fence {fence} came after {before:?}")),
            None => Ok(()),
        }
    };
    for _ in 0..3 {
        let readers = [share(&one)?, share(&other)?];
        rises("reader", &readers.each_ref().map(Lease::fence))?;
        readers.into_iter().try_for_each(released)?;
        let writer = granted(&one)?;
        rises("writer", &[writer.fence()])?;
        released(writer)?;
    }
    Ok(())
}

/// Readers have a time each: one that is over keeps no writer out, and lets none in beside others.
///
/// # Errors
///
/// What was seen instead.
pub fn a_reader_whose_time_is_over_does_not_end_another<S: LeaseSubject<Lock: SharedLeaseLock>>(
    subject: &S,
) -> Result<(), String> {
    let (long, brief) = (subject.open(), subject.open_brief(BRIEF));
    // In either order: the later one's time must not be taken for everybody's.
    for over_is_later in [true, false] {
        let before = over_is_later.then(|| share(&long)).transpose()?;
        let over = share(&brief)?;
        let after = (!over_is_later).then(|| share(&long)).transpose()?;
        expires(&over)?;
        lets_nobody_in(subject)?;
        before.into_iter().chain(after).try_for_each(released)?;
        free_soon(&long)?;
        drop(over);
    }
    Ok(())
}

/// By the time a writer is granted the lock, every reader who lost it can know.
///
/// # Errors
///
/// What was seen instead.
pub fn a_lost_reader_is_told_before_the_next_writer<S: LeaseSubject<Lock: SharedLeaseLock>>(
    subject: &S,
) -> Result<(), String> {
    for _ in 0..3 {
        let (one, other) = (subject.open_brief(BRIEF), subject.open_brief(BRIEF));
        let readers = [share(&one)?, share(&other)?];
        let next = subject.open();
        let writer = granted(&next)?;
        let told = readers.iter().all(|reader| reader.lost().is_lost());
        ensure(told, "a writer beside a reader that has not been told of its loss")?;
        released(writer)?;
    }
    Ok(())
}

/// A reader that releases what it has lost does nothing to whoever holds the lock now.
///
/// # Errors
///
/// What was seen instead.
pub fn a_stale_release_of_a_reader_is_harmless<S: LeaseSubject<Lock: SharedLeaseLock>>(
    subject: &S,
) -> Result<(), String> {
    let brief = subject.open_brief(BRIEF);
    let stale = share(&brief)?;
    let next = subject.open();
    let writer = granted(&next)?;
    already_lost(stale)?;
    ensure(try_elsewhere(subject)?.is_none(), "a stale release freed a writer's lock")?;
    released(writer)?;
    let stale = share(&brief)?;
    let reader = share(&next)?;
    expires(&stale)?;
    lets_nobody_in(subject)?;
    already_lost(stale)?;
    ensure(try_elsewhere(subject)?.is_none(), "a stale release freed another reader's share")?;
    released(reader)
}

fn share<L: SharedLeaseLock>(lock: &L) -> Result<L::Share<'_>, String> {
    lock.share().map_err(|error| format!("{error:?}"))
}

/// Waits until a lease that is not renewed is over.
pub(crate) fn expires(lease: &impl Lease) -> Result<(), String> {
    match lease.lost().wait(Deadline::after(BRIEF + SOON)) {
        Some(End::Lost(Loss::Expired)) => Ok(()),
        other => Err(format!("a lease that ran out says {other:?}")),
    }
}

pub(crate) fn already_lost(lease: impl Lease<Error = Error>) -> Result<(), String> {
    match lease.release().map_err(|error| format!("{error:?}"))? {
        Released::AlreadyLost(_) => Ok(()),
        other => Err(format!("a lost lease was released {other:?}")),
    }
}
