//! The engine and the quorum that ship, in a simulated network that is as bad as networks get, each
//! run from a seed.
//!
//! What is real: [`Locks`](lockset_remote::Locks), with all of its engine, and
//! [`Redlock`](lockset_remote::redlock::Redlock), with all of its quorum. What is simulated: the
//! time, the network ([turmoil]), the masters, each with a lease table by the rules of
//! [`LeaseStore`](lockset_remote::LeaseStore) and a clock of its own (`table.rs`, `clock.rs`), and
//! the storage that checks fences. Several processes (`process.rs`) take locks, hold them, write,
//! and end in every way there is (`script.rs`), while things break (`faults.rs`).
//!
//! Everything that is drawn comes from the seed, so a seed is a history: the same one again gives
//! the same, byte for byte. What must hold of each is in `check.rs`.
//!
//! # What is left out
//!
//! Time goes in steps of a millisecond, and what happens on different machines within one step
//! happens at once. A process is one thread. Renewals of the engine count on a clock that runs
//! evenly, so it is the masters' clocks that run fast, slow, and jump. Of the clients only the time
//! of day does.

mod card;
mod check;
mod clock;
mod faults;
mod history;
mod master;
mod plan;
mod process;
mod script;
mod storage;
mod store;
mod table;
mod time;
mod wire;
mod world;

use core::fmt;

/// What came of one seed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// What happened, a line each, in order.
    pub history: String,
    /// What must not have happened; nothing if all is well.
    pub violation: Option<String>,
    /// How often what the seeds are there for has happened.
    pub reached: Reached,
}

/// How often it came to the cases that the simulation is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// Leases that were granted.
    pub grants: usize,
    /// Of these, pushed to a waiter by the masters.
    pub pushed: usize,
    /// Leases that were lost before they were given back.
    pub losses: usize,
    /// Waits that were given up or came to nothing in time.
    pub given_up: usize,
    /// Fences that a master was asked to raise, since the majority had not answered alike.
    pub raised: usize,
    /// Answers of masters that did not know that they belong to the quorum, after the first.
    pub strangers: usize,
    /// Writes that the storage refused, since a greater fence had been there.
    pub refused: usize,
    /// Instants at which two leases were valid, after a master's clock had been set forward.
    pub excused: usize,
}

impl core::ops::AddAssign for Reached {
    fn add_assign(&mut self, other: Self) {
        self.grants += other.grants;
        self.pushed += other.pushed;
        self.losses += other.losses;
        self.given_up += other.given_up;
        self.raised += other.raised;
        self.strangers += other.strangers;
        self.refused += other.refused;
        self.excused += other.excused;
    }
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64) -> Run {
    world::World::new(plan::Plan::of(seed)).run()
}

impl Run {
    /// What is wrong with it, for whoever has to repair it: how to see it again, and its history.
    #[must_use]
    pub fn report(&self, seed: u64) -> Option<impl fmt::Display> {
        let violation = self.violation.as_ref()?;
        Some(format!(
            "{}\nseed {seed}: {violation}\nto see it again: LOCKSET_SEED={seed} cargo test \
             --package lockset-seeds --test seeds one_seed -- --nocapture",
            self.history
        ))
    }
}
