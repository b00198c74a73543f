//! The same lock once more, watched for deadlocks: whatever a check does must not be reported.

use std::time::Duration;

use lockset_api::{Error, Lease, Lock};
use lockset_checked::Checked;

use crate::{LeaseSubject, PermitsSubject, ProcessSubject, Subject};

/// A subject whose handles are [`Checked`], all of them as one lock: the checks run as they do
/// without it, and a report, which is a panic, fails them.
///
/// ```
/// # use std::sync::Arc;
/// # struct Parking(Arc<parking_lot::Mutex<()>>);
/// # impl lockset_conformance::Subject for Parking {
/// #     type Lock = Arc<parking_lot::Mutex<()>>;
/// #     fn open(&self) -> Self::Lock {
/// #         Arc::clone(&self.0)
/// #     }
/// # }
/// # let parking = || Parking(Arc::default());
/// use lockset_conformance::Watched;
///
/// lockset_conformance::suite!(watched: Watched::new(parking()) => lock);
/// # drop(Watched::new(parking()).open());
/// # use lockset_conformance::Subject;
/// ```
#[derive(Debug)]
pub struct Watched<S> {
    subject: S,
    /// What all handles are handles on.
    lock: Checked<()>,
}

impl<S> Watched<S> {
    /// Watches this subject.
    #[track_caller]
    pub const fn new(subject: S) -> Self {
        Self { subject, lock: Checked::new(()) }
    }
}

impl<S: Subject> Subject for Watched<S> {
    type Lock = Checked<S::Lock>;
    const ROUNDS: usize = S::ROUNDS;

    fn open(&self) -> Self::Lock {
        self.lock.again(self.subject.open())
    }
}

/// The peers are not watched: they are other processes, with locks of their own.
impl<S: ProcessSubject> ProcessSubject for Watched<S> {
    const PEER: &'static str = S::PEER;

    fn address(&self) -> String {
        self.subject.address()
    }

    fn connect(address: &str) -> Self::Lock {
        Checked::new(S::connect(address))
    }
}

impl<S> LeaseSubject for Watched<S>
where
    S: LeaseSubject<Lock: Lock<Error = Error> + 'static>,
    for<'a> <S::Lock as Lock>::Guard<'a>: Lease<Error = Error>,
{
    /// A lock of its own in the graph: a check waits for the end of a lease that it has in hand,
    /// which only a lease without a renewal lets one do.
    fn open_brief(&self, ttl: Duration) -> Self::Lock {
        Checked::new(self.subject.open_brief(ttl))
    }
}

impl<S: PermitsSubject> PermitsSubject for Watched<S> {
    type Permits = Checked<S::Permits>;

    fn with_permits(&self, permits: usize) -> Self::Permits {
        Checked::new(self.subject.with_permits(permits)).permits(permits)
    }
}
