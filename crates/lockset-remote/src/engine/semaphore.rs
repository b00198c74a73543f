//! Permits that a server keeps.

use lockset_api::{AsyncPermits, Deadline, Error, ErrorKind, Name, Permits};

use super::acquire::Acquire;
use super::claim::{Claim, settings};
use super::lease::RemoteLease;
use crate::Mode;

/// A counting semaphore among machines: so many permits may be out at once, each for a time.
///
/// Whoever comes first is served first, also if a later request is for fewer permits. A permit is a
/// [`RemoteLease`]: it comes back when its holder dies, and it can be lost.
#[derive(Clone)]
pub struct RemoteSemaphore {
    pub(super) claim: Claim,
    pub(super) permits: u32,
}

settings!(RemoteSemaphore);

impl RemoteSemaphore {
    /// The semaphore's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.claim.names()[0]
    }

    /// How many permits it has.
    #[must_use]
    pub fn permits(&self) -> u32 {
        self.permits
    }

    /// Starts to wait for `n` permits until `deadline`; with one in the past, makes one attempt.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) for no permits, and for more than there are.
    pub fn acquire_by(&self, n: usize, deadline: Deadline) -> Result<Acquire, Error> {
        Ok(self.claim.acquire(self.mode(n)?, deadline))
    }

    fn mode(&self, n: usize) -> Result<Mode, Error> {
        match u32::try_from(n) {
            Ok(n) if (1..=self.permits).contains(&n) => Ok(Mode::Permits { n, of: self.permits }),
            _ => {
                let why = format!("{n} permits of {} can never be granted", self.permits);
                Err(Error::new(ErrorKind::Config, why).with_lock(self.name()))
            }
        }
    }
}

impl Permits for RemoteSemaphore {
    type Permit<'a> = RemoteLease;
    type Error = Error;

    fn acquire(&self, n: usize) -> Result<RemoteLease, Error> {
        self.claim.wait_blocking(self.mode(n)?)
    }

    fn try_acquire(&self, n: usize) -> Result<Option<RemoteLease>, Error> {
        self.claim.try_blocking(self.mode(n)?)
    }

    fn acquire_until(&self, n: usize, deadline: Deadline) -> Result<Option<RemoteLease>, Error> {
        self.claim.acquire_blocking(self.mode(n)?, deadline)
    }
}

impl AsyncPermits for RemoteSemaphore {
    type Permit<'a> = RemoteLease;
    type Error = Error;

    async fn acquire_async(&self, n: usize) -> Result<RemoteLease, Error> {
        self.claim.wait(self.mode(n)?).await
    }

    async fn acquire_until_async(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Option<RemoteLease>, Error> {
        self.claim.acquire_lazily(self.mode(n)?, deadline).await
    }
}
