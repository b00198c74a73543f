//! One leader among many.

use core::time::Duration;

use lockset_api::{AsyncLock, Deadline, Error, Fence, Lease, Lock, Loss, Lost, Released};
use lockset_remote::{RemoteLease, RemoteLock};

use super::{Leader, Leaders};

/// Candidates of one lock, of whom one leads.
///
/// Candidates lead in the order in which they have campaigned, where the server keeps a line. A
/// leader that dies is followed when its lease has run out, one that resigns at once.
///
/// A leader has to stop *before* its lease can end, or for a moment there are two. So give the lock
/// a [margin](RemoteLock::with_margin), as long as the work needs to stop: by that much earlier
/// does [`Leadership`] say that it is over.
///
/// ```
/// use std::time::Duration;
/// use lockset::recipes::Election;
/// # use lockset::{Locks, remote::sqlite::Sqlite};
/// # let dir = tempfile::tempdir().unwrap();
/// # let locks = Locks::new(Sqlite::open(dir.path().join("locks.db"))?);
///
/// let lock = locks.lock("scheduler")?.with_note("on host a");
/// let election = Election::new(lock.with_margin(Duration::from_secs(1))?);
///
/// let leadership = election.campaign()?;
/// while leadership.is_current() {
///     // One piece of work, that takes less than the margin.
/// #   break;
/// }
/// assert_eq!(election.leader()?.unwrap().term, leadership.term());
/// leadership.resign()?;
/// # Ok::<(), lockset::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Election {
    lock: RemoteLock,
}

impl Election {
    /// The election of whoever holds `lock`, with the TTL, the margin and the note of that. Nothing
    /// is sent yet.
    #[must_use]
    pub const fn new(lock: RemoteLock) -> Self {
        Self { lock }
    }

    /// Waits until this candidate leads.
    ///
    /// # Errors
    ///
    /// Those of the lock.
    pub fn campaign(&self) -> Result<Leadership, Error> {
        self.lock.lock().map(Leadership)
    }

    /// The same for a task. Cancel-safe: a candidate that is dropped leaves the line, and gives
    /// back what it was elected to meanwhile.
    ///
    /// # Errors
    ///
    /// Those of the lock.
    pub async fn campaign_async(&self) -> Result<Leadership, Error> {
        self.lock.lock_async().await.map(Leadership)
    }

    /// [`campaign`](Self::campaign), until `deadline` at most; with one in the past, only if nobody
    /// leads now.
    ///
    /// # Errors
    ///
    /// Those of the lock.
    pub fn campaign_until(&self, deadline: Deadline) -> Result<Option<Leadership>, Error> {
        Ok(self.lock.lock_until(deadline)?.map(Leadership))
    }

    /// The same for a task. Cancel-safe, as [`campaign_async`](Self::campaign_async).
    ///
    /// # Errors
    ///
    /// Those of the lock.
    pub async fn campaign_until_async(
        &self,
        deadline: Deadline,
    ) -> Result<Option<Leadership>, Error> {
        Ok(self.lock.lock_until_async(deadline).await?.map(Leadership))
    }

    /// Who leads, if anybody does.
    ///
    /// # Errors
    ///
    /// Those of [`inspect`](lockset_remote::Locks::inspect).
    pub fn leader(&self) -> Result<Option<Leader>, Error> {
        self.observe(Duration::ZERO).changed()
    }

    /// The same for a task. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As [`leader`](Self::leader).
    pub async fn leader_async(&self) -> Result<Option<Leader>, Error> {
        self.observe(Duration::ZERO).changed_async().await
    }

    /// Who leads, now and from each change on, looked at once in `every`.
    pub fn observe(&self, every: Duration) -> Leaders {
        Leaders::new(self.lock.observe(every))
    }
}

/// Being the leader, until it is resigned, dropped or lost.
#[derive(Debug)]
#[must_use = "a leader that is dropped has resigned"]
pub struct Leadership(RemoteLease);

impl Leadership {
    /// The number of this leader's term, greater than that of every earlier leader's: the fence to
    /// send along with whatever the leader orders.
    #[must_use]
    pub fn term(&self) -> Fence {
        self.0.fence()
    }

    /// Whether it still leads. A pause between this answer and the next instruction is not covered;
    /// the [term](Self::term) is for that.
    #[must_use]
    pub fn is_current(&self) -> bool {
        !self.remaining().is_zero()
    }

    /// How long it is certain to lead, if its lease is not renewed; zero when that is over.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.remaining()
    }

    /// Tells when it is over: a flag, a blocking wait and a future.
    pub fn lost(&self) -> Lost {
        self.0.lost()
    }

    /// Runs `work` as long as it leads; when that is over, the work is dropped where it is.
    /// Cancel-safe if the work is.
    ///
    /// # Errors
    ///
    /// The [`Loss`], if that came first.
    pub async fn lead<T>(&self, work: impl Future<Output = T>) -> Result<T, Loss> {
        self.0.run(work).await
    }

    /// Lets the next candidate lead, and says whether this one did until now.
    ///
    /// # Errors
    ///
    /// When the server could not be told: the next candidate has to wait until the lease ends.
    pub fn resign(self) -> Result<Released, Error> {
        self.0.release()
    }

    /// The same for a task. Cancel-safe: once called, it has resigned.
    ///
    /// # Errors
    ///
    /// As [`resign`](Self::resign).
    pub async fn resign_async(self) -> Result<Released, Error> {
        self.0.release_async().await
    }
}
