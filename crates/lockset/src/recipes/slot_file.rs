//! A record of slots in a file.

use std::collections::BTreeSet;
use std::path::Path;

use lockset_api::{Error, ErrorKind, Fence};
use lockset_file::FencedFile;

use super::{Recorded, Slot, SlotRecord};

/// A [`SlotRecord`] for the processes of one machine: a [`FencedFile`] with a line for each slot.
///
/// It remembers the last thousand slots that were run. Of earlier ones it knows no more than that
/// none of them is to be run.
///
/// ```
/// use lockset::Fence;
/// use lockset::recipes::{Recorded, Slot, SlotFile, SlotRecord};
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("nightly.slots");
///
/// let record = SlotFile::open(&path)?;
/// assert_eq!(record.record(Slot::new(7), Fence::new(1))?, Recorded::Now);
/// assert_eq!(record.record(Slot::new(7), Fence::new(2))?, Recorded::Before);
/// # Ok::<(), lockset::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SlotFile(FencedFile);

/// How many slots are remembered. With one a minute that is most of a day, by which clocks differ
/// only when something is very wrong; and the file is a few kilobytes.
const REMEMBERED: usize = 1000;

impl SlotFile {
    /// The record in the file at `path`, which need not be there yet.
    ///
    /// # Errors
    ///
    /// Those of [`FencedFile::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        FencedFile::open(path).map(Self)
    }
}

impl SlotRecord for SlotFile {
    /// # Errors
    ///
    /// Those of [`FencedFile::write`]; [`Lost`](ErrorKind::Lost) among them, for a holder that is
    /// not the newest any more. [`Config`](ErrorKind::Config) if the file is no such record.
    fn record(&self, slot: Slot, fence: Fence) -> Result<Recorded, Error> {
        let mut recorded = Recorded::Before;
        self.0.update(fence, |old| {
            let mut slots = Slots::parse(old.unwrap_or_default()).ok_or_else(|| {
                let why = "the file is no record of slots: it has other lines than numbers";
                Error::new(ErrorKind::Config, why).with_lock(self.0.path().display())
            })?;
            if slots.add(slot.number()) {
                recorded = Recorded::Now;
            }
            Ok(slots.to_text().into_bytes())
        })?;
        Ok(recorded)
    }
}

/// Those that were run, the first of which stands for all before it once there are too many.
struct Slots(BTreeSet<u64>);

impl Slots {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let lines = str::from_utf8(bytes).ok()?.lines();
        lines.map(|line| line.parse().ok()).collect::<Option<_>>().map(Self)
    }

    fn add(&mut self, slot: u64) -> bool {
        let is_forgotten = self.0.len() >= REMEMBERED && self.0.first() > Some(&slot);
        let is_new = !is_forgotten && self.0.insert(slot);
        while self.0.len() > REMEMBERED {
            self.0.pop_first();
        }
        is_new
    }

    fn to_text(&self) -> String {
        self.0.iter().map(|slot| format!("{slot}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_is_forgotten_is_not_run_again() {
        let mut slots = Slots(BTreeSet::new());
        for slot in 0..=1000 {
            assert!(slots.add(slot), "slot {slot} is new");
        }
        assert_eq!(slots.0.len(), REMEMBERED);
        assert!(!slots.add(0) && !slots.add(1), "forgotten, or remembered: it was run");
    }

    #[test]
    fn a_clock_that_is_far_ahead_holds_up_nobody() {
        let mut slots = Slots(BTreeSet::new());
        assert!(slots.add(7) && slots.add(u64::MAX) && slots.add(8) && !slots.add(u64::MAX));
    }

    #[test]
    fn what_was_written_is_read() {
        let mut slots = Slots::parse(b"").unwrap();
        assert!(slots.add(12) && slots.add(3));
        let again = Slots::parse(slots.to_text().as_bytes()).unwrap();
        assert_eq!(again.0, slots.0);
        assert!(Slots::parse(b"3\nx\n").is_none());
    }
}
