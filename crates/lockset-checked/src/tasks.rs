//! The verbs for tasks.
//!
//! Each notes where it was called, and asks when it is polled first: before that, nothing waits.
//! What is asked and what is granted is the business of the task that polls.

use std::panic::Location;

use lockset_api::{AsyncLock, AsyncPermits, AsyncSharedLock, Deadline};

use crate::claim::Claim;
use crate::context::Waiter;
use crate::mark::Site;
use crate::{Checked, CheckedGuard};

impl<L: Sync> Checked<L> {
    /// Waits without a deadline: the request is checked first.
    async fn wait_async<G, E>(
        &self,
        claim: Claim,
        site: Site,
        wait: impl Future<Output = Result<G, E>> + Send,
    ) -> Result<CheckedGuard<G>, E> {
        self.before(claim, site, Waiter::Task);
        let guard = wait.await?;
        Ok(self.granted(guard, (claim, site, Waiter::Task)))
    }

    /// Does not wait, or waits until a deadline: only what is granted counts, unless the deadline
    /// never comes.
    async fn until_async<G, E>(
        &self,
        claim: Claim,
        (site, deadline): (Site, Option<Deadline>),
        wait: impl Future<Output = Result<Option<G>, E>> + Send,
    ) -> Result<Option<CheckedGuard<G>>, E> {
        if deadline == Some(Deadline::NEVER) {
            self.before(claim, site, Waiter::Task);
        }
        let granted = wait.await?;
        Ok(granted.map(|guard| self.granted(guard, (claim, site, Waiter::Task))))
    }
}

impl<L: AsyncLock> AsyncLock for Checked<L> {
    type Guard<'a>
        = CheckedGuard<L::Guard<'a>>
    where
        Self: 'a;
    type Error = L::Error;

    #[track_caller]
    fn lock_async(&self) -> impl Future<Output = Result<Self::Guard<'_>, L::Error>> + Send {
        self.wait_async(Claim::Exclusive, Location::caller(), self.inner().lock_async())
    }

    #[track_caller]
    fn try_lock_async(
        &self,
    ) -> impl Future<Output = Result<Option<Self::Guard<'_>>, L::Error>> + Send {
        let at = (Location::caller(), None);
        self.until_async(Claim::Exclusive, at, self.inner().try_lock_async())
    }

    #[track_caller]
    fn lock_until_async(
        &self,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<Self::Guard<'_>>, L::Error>> + Send {
        let at = (Location::caller(), Some(deadline));
        self.until_async(Claim::Exclusive, at, self.inner().lock_until_async(deadline))
    }
}

impl<L: AsyncSharedLock> AsyncSharedLock for Checked<L> {
    type SharedGuard<'a>
        = CheckedGuard<L::SharedGuard<'a>>
    where
        Self: 'a;

    #[track_caller]
    fn read_async(&self) -> impl Future<Output = Result<Self::SharedGuard<'_>, L::Error>> + Send {
        self.wait_async(Claim::Shared, Location::caller(), self.inner().read_async())
    }

    #[track_caller]
    fn try_read_async(
        &self,
    ) -> impl Future<Output = Result<Option<Self::SharedGuard<'_>>, L::Error>> + Send {
        let at = (Location::caller(), None);
        self.until_async(Claim::Shared, at, self.inner().try_read_async())
    }

    #[track_caller]
    fn read_until_async(
        &self,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<Self::SharedGuard<'_>>, L::Error>> + Send {
        let at = (Location::caller(), Some(deadline));
        self.until_async(Claim::Shared, at, self.inner().read_until_async(deadline))
    }
}

impl<L: AsyncPermits> AsyncPermits for Checked<L> {
    type Permit<'a>
        = CheckedGuard<L::Permit<'a>>
    where
        Self: 'a;
    type Error = L::Error;

    #[track_caller]
    fn acquire_async(
        &self,
        n: usize,
    ) -> impl Future<Output = Result<Self::Permit<'_>, L::Error>> + Send {
        self.wait_async(Claim::Permits(n), Location::caller(), self.inner().acquire_async(n))
    }

    #[track_caller]
    fn acquire_until_async(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<Self::Permit<'_>>, L::Error>> + Send {
        let at = (Location::caller(), Some(deadline));
        let wait = self.inner().acquire_until_async(n, deadline);
        self.until_async(Claim::Permits(n), at, wait)
    }
}
