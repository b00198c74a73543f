//! The blocking verbs.

use std::panic::Location;

use lockset_api::{Deadline, Lock, Permits, SharedLock};

use crate::claim::Claim;
use crate::context::Waiter;
use crate::mark::Site;
use crate::{Checked, CheckedGuard};

type Granted<G, E> = Result<Option<CheckedGuard<G>>, E>;

impl<L> Checked<L> {
    /// Waits without a deadline: the request is checked first.
    fn wait<'a, G, E>(
        &'a self,
        claim: Claim,
        site: Site,
        wait: impl FnOnce(&'a L) -> Result<G, E>,
    ) -> Result<CheckedGuard<G>, E> {
        self.before(claim, site, Waiter::Thread);
        Ok(self.granted(wait(self.inner())?, (claim, site, Waiter::Thread)))
    }

    /// Does not wait, or waits until a deadline: only what is granted counts, unless the deadline
    /// never comes.
    fn attempt<'a, G, E>(
        &'a self,
        claim: Claim,
        site: Site,
        attempt: impl FnOnce(&'a L) -> Result<Option<G>, E>,
    ) -> Granted<G, E> {
        Ok(attempt(self.inner())?.map(|guard| self.granted(guard, (claim, site, Waiter::Thread))))
    }

    fn until<'a, G, E>(
        &'a self,
        claim: Claim,
        (site, deadline): (Site, Deadline),
        wait: impl FnOnce(&'a L) -> Result<Option<G>, E>,
    ) -> Granted<G, E> {
        if deadline == Deadline::NEVER {
            self.before(claim, site, Waiter::Thread);
        }
        self.attempt(claim, site, wait)
    }
}

impl<L: Lock> Lock for Checked<L> {
    type Guard<'a>
        = CheckedGuard<L::Guard<'a>>
    where
        Self: 'a;
    type Error = L::Error;

    #[track_caller]
    fn lock(&self) -> Result<Self::Guard<'_>, L::Error> {
        self.wait(Claim::Exclusive, Location::caller(), L::lock)
    }

    #[track_caller]
    fn try_lock(&self) -> Result<Option<Self::Guard<'_>>, L::Error> {
        self.attempt(Claim::Exclusive, Location::caller(), L::try_lock)
    }

    #[track_caller]
    fn lock_until(&self, deadline: Deadline) -> Result<Option<Self::Guard<'_>>, L::Error> {
        let at = (Location::caller(), deadline);
        self.until(Claim::Exclusive, at, |lock| lock.lock_until(deadline))
    }
}

impl<L: SharedLock> SharedLock for Checked<L> {
    type SharedGuard<'a>
        = CheckedGuard<L::SharedGuard<'a>>
    where
        Self: 'a;

    #[track_caller]
    fn read(&self) -> Result<Self::SharedGuard<'_>, L::Error> {
        self.wait(Claim::Shared, Location::caller(), L::read)
    }

    #[track_caller]
    fn try_read(&self) -> Result<Option<Self::SharedGuard<'_>>, L::Error> {
        self.attempt(Claim::Shared, Location::caller(), L::try_read)
    }

    #[track_caller]
    fn read_until(&self, deadline: Deadline) -> Result<Option<Self::SharedGuard<'_>>, L::Error> {
        let at = (Location::caller(), deadline);
        self.until(Claim::Shared, at, |lock| lock.read_until(deadline))
    }
}

impl<L: Permits> Permits for Checked<L> {
    type Permit<'a>
        = CheckedGuard<L::Permit<'a>>
    where
        Self: 'a;
    type Error = L::Error;

    #[track_caller]
    fn acquire(&self, n: usize) -> Result<Self::Permit<'_>, L::Error> {
        self.wait(Claim::Permits(n), Location::caller(), |lock| lock.acquire(n))
    }

    #[track_caller]
    fn try_acquire(&self, n: usize) -> Result<Option<Self::Permit<'_>>, L::Error> {
        self.attempt(Claim::Permits(n), Location::caller(), |lock| lock.try_acquire(n))
    }

    #[track_caller]
    fn acquire_until(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<Self::Permit<'_>>, L::Error> {
        let at = (Location::caller(), deadline);
        self.until(Claim::Permits(n), at, |lock| lock.acquire_until(n, deadline))
    }
}
