//! A job of a timetable that a whole fleet runs once.

use lockset_api::{Deadline, Error, Lock};
use lockset_remote::{RemoteLease, RemoteLock};

use super::{Recorded, Slot, SlotRecord};

/// A job that many machines have in their timetables, and that one of them is to run in each slot.
///
/// A lock alone does not do that: a machine whose clock is slow comes when the job is done and the
/// lock free, and runs it again. So the slot is written down before the job begins, in a
/// [`SlotRecord`] that never lets a slot be written down twice. Then no slot is run twice, whatever
/// the clocks of the machines and of the server say and whoever was paused for how long; a clock
/// that is wrong runs the wrong slot.
///
/// The lock keeps two *different* slots from being run at the same time, and numbers the runs.
///
/// A run that fails half-way is not repeated: at most once and exactly once are different things.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use lockset::Deadline;
/// use lockset::recipes::{OncePerSlot, Slot, SlotFile, Turn};
/// # use lockset::{Locks, remote::sqlite::Sqlite};
/// # let dir = tempfile::tempdir().unwrap();
/// # let locks = Locks::new(Sqlite::open(dir.path().join("locks.db"))?);
/// # let path = dir.path().join("nightly.slots");
///
/// let nightly = OncePerSlot::new(locks.lock("nightly")?, SlotFile::open(&path)?);
/// let slot = Slot::at(SystemTime::now(), Duration::from_secs(24 * 60 * 60))?;
///
/// let Turn::Ours(lease) = nightly.begin(slot, Deadline::NEVER)? else { panic!("it is new") };
/// // The job, with the fence of the lease.
/// drop(lease);
/// assert!(matches!(nightly.begin(slot, Deadline::NEVER)?, Turn::Taken));
/// # Ok::<(), lockset::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OncePerSlot<R> {
    lock: RemoteLock,
    record: R,
}

/// Whose turn it is to run a slot.
#[derive(Debug)]
#[non_exhaustive]
pub enum Turn {
    /// The caller's, and nobody else's ever. Another slot is begun when the lease is given back or
    /// lost.
    Ours(RemoteLease),
    /// Somebody else's: it was begun before.
    Taken,
    /// Nobody's yet that is known of: another slot, or this one, was being run until the deadline.
    Busy,
}

impl<R: SlotRecord> OncePerSlot<R> {
    /// A job whose runs exclude each other by `lock` and are written down in `record`.
    pub const fn new(lock: RemoteLock, record: R) -> Self {
        Self { lock, record }
    }

    /// Asks to run `slot`, waiting until `deadline` for one that is being run.
    ///
    /// # Errors
    ///
    /// Those of the lock and of the record. The slot is not to be run then; if the record's answer
    /// was lost, nobody else will either.
    pub fn begin(&self, slot: Slot, deadline: Deadline) -> Result<Turn, Error> {
        use lockset_api::Lease as _;

        let Some(lease) = self.lock.lock_until(deadline)? else { return Ok(Turn::Busy) };
        if self.record.record(slot, lease.fence())? == Recorded::Now {
            return Ok(Turn::Ours(lease));
        }
        // Not in the background: a process with nothing more to do ends now. That the slot is taken
        // is true even if the server cannot be told.
        let _ = lease.release();
        Ok(Turn::Taken)
    }
}
