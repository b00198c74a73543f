//! Jobs of a list, each done by one worker.

use core::time::Duration;

use lockset_api::{Error, Lease, Lock, Released};
use lockset_remote::{Locks, RemoteLease, RemoteLock};

/// Lets many workers share the jobs of one list, wherever that is: files in a directory, rows of a
/// table, objects in a store. A worker that dies leaves its job to the others.
///
/// If the jobs are rows of a database that has `SKIP LOCKED`, its own transaction is the better
/// claim: it commits the job's result together with the claim's end.
///
/// ```
/// use std::cell::RefCell;
/// use lockset::recipes::{Claims, JobState};
/// # use lockset::{Locks, remote::sqlite::Sqlite};
/// # let dir = tempfile::tempdir().unwrap();
/// # let locks = Locks::new(Sqlite::open(dir.path().join("locks.db"))?);
///
/// let open = RefCell::new(vec!["cat.png", "dog.png"]);
/// let claims = Claims::new(&locks, "thumbnails");
/// let listed = open.borrow().clone();
/// while let Some(claim) = claims.claim(&listed, |job| {
///     let is_open = open.borrow().contains(&job);
///     Ok::<_, lockset::Error>(if is_open { JobState::Open } else { JobState::Closed })
/// })? {
///     // The work; then the job is taken off the list, and after that the claim given back.
///     open.borrow_mut().retain(|job| *job != claim.job());
///     claim.release()?;
/// }
/// assert!(open.borrow().is_empty());
/// # Ok::<(), lockset::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Claims {
    locks: Locks,
    list: String,
    ttl: Option<Duration>,
}

impl Claims {
    /// Claims to the jobs of the list of this name: job J is claimed by the lock `LIST/J`.
    pub fn new(locks: &Locks, list: impl Into<String>) -> Self {
        Self { locks: locks.clone(), list: list.into(), ttl: None }
    }

    /// How long the job of a worker that has died is left alone: see [`RemoteLock::with_ttl`].
    #[must_use]
    pub const fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Claims the first of `jobs` that nobody has claimed and that is still open; `None` if there
    /// is none. It does not wait for those that others are at.
    ///
    /// The `state` of a job is asked once it is claimed: the list may be older than the last
    /// worker's success. Each job that somebody else has costs one exchange with the server, so
    /// workers that begin at different places of a long list come through it faster.
    ///
    /// # Errors
    ///
    /// Those of the lock, and of `state`; the job that it was asked about is given back.
    pub fn claim<J: AsRef<str>, E: From<Error>>(
        &self,
        jobs: impl IntoIterator<Item = J>,
        mut state: impl FnMut(&str) -> Result<JobState, E>,
    ) -> Result<Option<Claim>, E> {
        for job in jobs {
            let job = job.as_ref();
            let Some(lease) = self.lock(job)?.try_lock()? else { continue };
            if state(job)? == JobState::Open {
                return Ok(Some(Claim { job: job.to_owned(), lease }));
            }
            // Whether it was ours until now does not matter: nothing was done.
            let _ = lease.release()?;
        }
        Ok(None)
    }

    fn lock(&self, job: &str) -> Result<RemoteLock, Error> {
        let lock = self.locks.lock(&format!("{}/{job}", self.list))?;
        self.ttl.map_or(Ok(lock.clone()), |ttl| lock.with_ttl(ttl))
    }
}

/// What the list says of a job that was on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no third answer")]
pub enum JobState {
    /// It is to be done.
    Open,
    /// It has been done, or is not to be done any more.
    Closed,
}

/// A job that is nobody else's, for as long as the lease lasts.
#[derive(Debug)]
#[must_use = "a claim that is dropped is given back at once"]
pub struct Claim {
    job: String,
    lease: RemoteLease,
}

impl Claim {
    /// Which job it is.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.job
    }

    /// The lease on it: its fence for whatever is written, and how long it lasts.
    pub const fn lease(&self) -> &RemoteLease {
        &self.lease
    }

    /// Gives the claim back, when the job is done and off the list, or given up, and says whether
    /// it was this worker's until then.
    ///
    /// # Errors
    ///
    /// When the server could not be told: the claim then ends with its time.
    pub fn release(self) -> Result<Released, Error> {
        self.lease.release()
    }
}
