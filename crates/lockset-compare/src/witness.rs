//! Who sees whether a lock excludes: two words that lose something if it does not, and the times
//! of all holds.
//!
//! # Notes about memory ordering
//!
//! All is Relaxed, each change a load and a store, as if the words were no atomics at all. What
//! keeps the two together, and hands them from thread to thread, must be the lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::sample::Fault;

/// In a cache line of its own, so that it disturbs no lock more than another.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Witness {
    sections: AtomicU64,
    /// Who is inside, as they say; 0 for nobody.
    inside: AtomicU64,
    overlaps: AtomicU64,
    work: AtomicU64,
}

impl Witness {
    /// Counts a section. If two are in here, the count is too low in the end.
    pub(crate) fn add_one(&self) {
        self.sections.store(self.sections.load(Relaxed) + 1, Relaxed);
    }

    /// A whole section: nobody is inside, then this contender is, and works, and is still alone.
    pub(crate) fn section(&self, contender: usize, work: impl FnOnce(u64) -> u64) {
        let me = contender as u64 + 1;
        let found = self.inside.load(Relaxed);
        self.inside.store(me, Relaxed);
        self.add_one();
        self.work.store(work(self.work.load(Relaxed)), Relaxed);
        if found != 0 || self.inside.load(Relaxed) != me {
            // Counted exactly: this one is about who is inside with others.
            self.overlaps.fetch_add(1, Relaxed);
        }
        self.inside.store(0, Relaxed);
    }

    /// What it has seen, after so many sections, once their threads have been joined.
    pub(crate) fn verdict(&self, sections: u64) -> Result<(), Fault> {
        let (counted, overlaps) = (self.sections.load(Relaxed), self.overlaps.load(Relaxed));
        if counted == sections && overlaps == 0 {
            return Ok(());
        }
        let lost = sections.abs_diff(counted);
        Err(Fault::Broken(format!(
            "of {sections} increments {lost} were lost, and {overlaps} times two were inside"
        )))
    }
}

/// One contender had the lock once; nanoseconds since a moment that all of them share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) acquired: u64,
    /// Just before it was given back.
    pub(crate) released: u64,
}

/// Looks for two holds at once.
///
/// A release to a server that is `least` away, there and back, cannot be followed by a grant sooner
/// than that: so two holders at once are found also where each holds the lock for no time at all.
pub(crate) fn without_overlap(holds: &mut [Hold], least: u64) -> Result<(), Fault> {
    holds.sort_unstable_by_key(|hold| hold.acquired);
    let is_overlap = |two: &&[Hold]| two[1].acquired < two[0].released + least;
    let overlaps = holds.windows(2).filter(is_overlap).count();
    if overlaps == 0 {
        return Ok(());
    }
    let all = holds.len();
    Err(Fault::Broken(format!("of {all} holds {overlaps} began before the one before had ended")))
}

#[cfg(test)]
mod tests {
    use super::{Hold, Witness, without_overlap};

    #[test]
    fn an_overlap_is_found_and_a_queue_is_none() {
        let hold = |acquired, released| Hold { acquired, released };
        assert!(without_overlap(&mut [hold(5, 9), hold(0, 5)], 0).is_ok());
        assert!(without_overlap(&mut [hold(4, 9), hold(0, 5)], 0).is_err());
        assert!(without_overlap(&mut [hold(0, 0), hold(3, 3)], 4).is_err());
    }

    #[test]
    fn one_inside_another_is_seen() {
        let witness = Witness::default();
        witness.section(0, |work| work);
        assert!(witness.verdict(1).is_ok());
        assert!(witness.verdict(2).is_err(), "an increment is missing");
        witness.section(0, |work| {
            witness.section(1, |work| work);
            work
        });
        assert!(witness.verdict(3).is_err());
    }
}
