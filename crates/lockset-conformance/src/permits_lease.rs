//! What permits must do that can be lost.

use std::time::Duration;

use lockset_api::{Deadline, Error, Lease, Permits};

use crate::lease::released;
use crate::lock::{SOON, ensure};
use crate::shared_lease::{already_lost, expires};
use crate::{Check, PermitsLeaseSubject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! permits_lease {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { permits_lease [
            lost_permits_come_back_and_their_holder_is_told_first
            permits_have_a_time_each
            a_stale_release_makes_no_permit
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: PermitsLeaseSubject<Permits: LeasePermits>>() -> [Check<S>; 3] {
    crate::permits_lease!(__values, S)
}

/// [`Permits`] that are leases; all such permits are.
pub trait LeasePermits: Permits {
    /// Permits, known to be a lease.
    type Lease<'a>: Lease<Error = Error>
    where
        Self: 'a;

    /// [`Permits::acquire_until`], what it grants known to be a lease.
    ///
    /// # Errors
    ///
    /// As [`Permits::acquire_until`].
    fn lease_until(&self, n: usize, deadline: Deadline) -> Result<Option<Self::Lease<'_>>, Error>;
}

impl<P> LeasePermits for P
where
    P: Permits<Error = Error> + 'static,
    for<'a> P::Permit<'a>: Lease<Error = Error>,
{
    type Lease<'a> = P::Permit<'a>;

    fn lease_until(&self, n: usize, deadline: Deadline) -> Result<Option<Self::Lease<'_>>, Error> {
        self.acquire_until(n, deadline)
    }
}

/// Short enough to wait for its end, long enough for a slow machine to be granted it.
const BRIEF: Duration = Duration::from_millis(400);

/// How many permits there are.
const PERMITS: usize = 3;

/// Permits whose time is over can be had again, and by then whoever lost them can know.
///
/// # Errors
///
/// What was seen instead.
pub fn lost_permits_come_back_and_their_holder_is_told_first<S>(subject: &S) -> Result<(), String>
where
    S: PermitsLeaseSubject<Permits: LeasePermits>,
{
    let (long, brief) = subject.long_and_brief(PERMITS, BRIEF);
    for _ in 0..3 {
        let lost = [granted(&brief, 2)?, granted(&brief, 1)?];
        let next = granted(&long, PERMITS)?;
        let told = lost.iter().all(|lease| lease.lost().is_lost());
        ensure(told, "permits are out twice, and their first holder is not told")?;
        released(next)?;
    }
    Ok(())
}

/// What is over is what has been held for too long, and nothing else.
///
/// # Errors
///
/// What was seen instead.
pub fn permits_have_a_time_each<S>(subject: &S) -> Result<(), String>
where
    S: PermitsLeaseSubject<Permits: LeasePermits>,
{
    let (long, brief) = subject.long_and_brief(PERMITS, BRIEF);
    let before = granted(&long, 1)?;
    let over = granted(&brief, 1)?;
    let after = granted(&long, 1)?;
    expires(&over)?;
    // As soon as the server counts it as over as well.
    let again = granted(&long, 1)?;
    ensure(at_once(&long, 1)?.is_none(), "permits that are held were granted again")?;
    released(again)?;
    released(before)?;
    released(after)
}

/// Releasing permits that were lost does not add to those that there are.
///
/// # Errors
///
/// What was seen instead.
pub fn a_stale_release_makes_no_permit<S>(subject: &S) -> Result<(), String>
where
    S: PermitsLeaseSubject<Permits: LeasePermits>,
{
    let (long, brief) = subject.long_and_brief(PERMITS, BRIEF);
    let stale = granted(&brief, 2)?;
    let next = granted(&long, PERMITS)?;
    already_lost(stale)?;
    ensure(at_once(&long, 1)?.is_none(), "a stale release has made a permit")?;
    released(next)?;
    let all = at_once(&long, PERMITS)?.ok_or("a stale release has cost a permit")?;
    released(all)
}

fn granted<P: LeasePermits>(permits: &P, n: usize) -> Result<P::Lease<'_>, String> {
    let end = Deadline::after(BRIEF + SOON);
    let lease = permits.lease_until(n, end).map_err(|error| format!("{error:?}"))?;
    lease.ok_or_else(|| format!("{n} permits were not granted, though nobody has them"))
}

/// Whether they are granted without waiting; with a little patience, since a dropped lease is given
/// back in the background.
fn at_once<P: LeasePermits>(permits: &P, n: usize) -> Result<Option<P::Lease<'_>>, String> {
    let end = Deadline::after(BRIEF / 4);
    permits.lease_until(n, end).map_err(|error| format!("{error:?}"))
}
