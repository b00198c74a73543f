//! What contenders do: outside of the lock, and inside.

mod ledger;

use std::hint::black_box;

use crate::sample::Fault;
use crate::witness::Witness;
use crate::work::{turns, work};
pub(crate) use ledger::Ledger;

/// A job for several contenders that share a lock.
pub(crate) trait Job: Sync {
    /// What is brought along to the section.
    type Item;
    /// What a contender does without the lock, in its turn of this number.
    fn outside(&self, contender: usize, turn: u64) -> Self::Item;
    /// What it does with the lock.
    fn inside(&self, contender: usize, item: Self::Item);
    /// Whether all is there that so many turns of each contender should have left.
    fn verdict(&self, turns: &[u64]) -> Result<(), Fault>;
}

/// Works for so long with the lock, and so long without.
pub(crate) struct Work {
    section: u32,
    think: u32,
    witness: Witness,
}

impl Work {
    /// Of so many nanoseconds each.
    pub(crate) fn new(section: u32, think: u32) -> Self {
        Self { section: turns(section), think: turns(think), witness: Witness::default() }
    }
}

impl Job for Work {
    type Item = ();

    fn outside(&self, _: usize, turn: u64) {
        black_box(work(turn, self.think));
    }

    fn inside(&self, contender: usize, (): ()) {
        self.witness.section(contender, |value| work(value, self.section));
    }

    fn verdict(&self, turns: &[u64]) -> Result<(), Fault> {
        self.witness.verdict(turns.iter().sum())
    }
}
