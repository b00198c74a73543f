//! The slots of a timetable, and where it is written down which of them have been run.

use core::fmt;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use lockset_api::{Error, ErrorKind, Fence};

/// One slot of a timetable: the how-manieth it is.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use lockset::recipes::Slot;
///
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// assert_eq!(Slot::at(UNIX_EPOCH + DAY * 3 / 2, DAY)?, Slot::new(1));
/// # Ok::<(), lockset::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u64);

impl Slot {
    /// The slot of this number, for a timetable of one's own.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The slot that `time` is in, if there is one in `every`, counted from the start of 1970
    /// (UTC).
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) for a time before that, and for slots of no length.
    pub fn at(time: SystemTime, every: Duration) -> Result<Self, Error> {
        let refuse = |why: &str| Error::new(ErrorKind::Config, why);
        let since = time.duration_since(UNIX_EPOCH);
        let since = since.map_err(|_| refuse("slots are counted from 1970 on; check the clock"))?;
        let number = since.as_nanos().checked_div(every.as_nanos());
        let number = number.ok_or_else(|| refuse("a slot has to have a length"))?;
        number.try_into().map(Self).map_err(|_| refuse("slots that short cannot be counted"))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", self.0)
    }
}

/// Where it is written down which slots of one job have been run: a table, say, of which the slot
/// is the key.
///
/// It outlasts leases, servers and machines, and it is what a slot is run once by. So its answer
/// has to be one step: an `INSERT` that a unique key refuses, and not a `SELECT` before it.
pub trait SlotRecord {
    /// Writes down that the holder of `fence` runs `slot`, unless it is written down that anybody
    /// did.
    ///
    /// # Errors
    ///
    /// If it is not known to have been written. Then the slot is not run by this caller, and may
    /// not be run by any other either.
    fn record(&self, slot: Slot, fence: Fence) -> Result<Recorded, Error>;
}

/// What a [`SlotRecord`] says of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no third answer")]
pub enum Recorded {
    /// It is written down now.
    Now,
    /// It was written down, by this caller or another.
    Before,
}
