//! Watching who holds a lock, without asking for it.

use core::fmt;
use std::time::{Duration, Instant};

use lockset_api::{Error, Fence, Name};

use super::claim::{Port, answered};
use super::driver::now;
use super::work::Answer;
use crate::RequestId;
use crate::store::Status;

/// Looks at a lock every so often, and tells when its holders have changed.
///
/// No server tells of a change by itself in a way that all have in common, so this is a poll: one
/// exchange each time, that disturbs nobody. What came and went between two looks goes unseen.
///
/// ```
/// use std::time::Duration;
/// use lockset_api::{Lease, Lock};
/// # use lockset_remote::{Locks, sqlite::Sqlite};
/// # let dir = tempfile::tempdir().unwrap();
/// # let locks = Locks::new(Sqlite::open(dir.path().join("locks.db"))?);
///
/// let lock = locks.lock("billing/nightly")?;
/// let mut observer = lock.observe(Duration::from_millis(10));
/// assert!(observer.changed()?.holders.is_empty(), "the first look is always told of");
///
/// let lease = lock.lock()?;
/// assert_eq!(observer.changed()?.fence, Some(lease.fence()));
/// # Ok::<(), lockset_api::Error>(())
/// ```
#[must_use = "it only looks when it is asked for a change"]
pub struct Observer {
    port: Port,
    name: Name,
    every: Duration,
    /// When to look next; now, if never before.
    next: Option<Instant>,
    /// A look that was begun, and whose answer nobody has taken yet.
    look: Option<Answer<Result<Looked, Error>>>,
    /// Who held it at the last look, if there was one, and with which fence.
    seen: Option<(Vec<RequestId>, Option<Fence>)>,
}

/// What a look came to, and when.
type Looked = (Result<Status, Error>, Instant);

impl Observer {
    pub(super) fn new(port: &Port, name: &Name, every: Duration) -> Self {
        Self { port: port.clone(), name: name.clone(), every, next: None, look: None, seen: None }
    }

    /// Waits until the lock is held by others than at the last look; the first look does not wait.
    ///
    /// # Errors
    ///
    /// Those of [`inspect`](crate::Locks::inspect); then the next call looks again, after the same
    /// pause.
    pub fn changed(&mut self) -> Result<Status, Error> {
        let driver = self.port.driver.clone();
        driver.block_on(self.changed_async())
    }

    /// The same for a task. Cancel-safe: a change that was not received is told of by the next
    /// call, and a look that was begun goes on for it. Calls that come and go make no more looks.
    ///
    /// # Errors
    ///
    /// As [`changed`](Self::changed).
    pub async fn changed_async(&mut self) -> Result<Status, Error> {
        loop {
            let answer = match &mut self.look {
                Some(look) => look.await,
                None => {
                    if let Some(at) = self.next {
                        self.port.sleep_until(at).await?;
                    }
                    let (port, name) = (self.port.clone(), self.name.clone());
                    let look = async move { Ok((port.inspect(&name).await, now())) };
                    self.look.insert(self.port.start_on_driver(look)?).await
                }
            };
            self.look = None;
            let (looked, came) = answered(answer)?;
            self.next = Some(came + self.every);
            let status = looked?;
            let mut holders: Vec<_> = status.holders.iter().map(|party| party.id).collect();
            holders.sort_unstable();
            let seen = Some((holders, status.fence));
            if self.seen != seen {
                self.seen = seen;
                return Ok(status);
            }
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut observer = f.debug_struct("Observer");
        observer.field("name", &self.name.as_str()).field("every", &self.every).finish()
    }
}
