//! The table of scenarios: one for all locks, so that a row means the same from the mutex to a
//! quorum of servers.

use std::fmt;

/// What is asked of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Group {
    /// Nobody else wants it.
    Uncontended,
    /// Several want it again and again.
    Contended,
    /// From a release to the waiter that has it.
    Handover,
    /// Waits that end at a deadline.
    Timed,
    /// Waits that are dropped.
    Cancelled,
    /// The ledger job: payments read from text and booked under the lock.
    Real,
}

/// One row of the table. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scenario {
    /// What is asked.
    pub group: Group,
    /// Who use the lock.
    pub threads: u32,
    /// How long each works while it holds the lock.
    pub section: u32,
    /// How long it works before it wants the lock again.
    pub think: u32,
    /// Who wait already, before anything is measured.
    pub waiters: u32,
    /// Where it is measured.
    pub(crate) extent: Extent,
}

/// Which runs have a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of them.
    Always,
    /// The quick one leaves it out where a server keeps the lock: it takes seconds there.
    NearInQuick,
    /// Never where a server keeps the lock: any of these sections is nothing beside a round trip,
    /// so it would be another row's once more.
    Near,
    /// Only the full one, and not where a server keeps the lock: there it takes longer to make so
    /// many connections than to measure them.
    NearInFull,
}

/// The whole table.
pub const TABLE: &[Scenario] = &[
    row(Group::Uncontended, 1, 0, 0, 0, Extent::Always),
    row(Group::Contended, 2, 50, 50, 0, Extent::NearInQuick),
    row(Group::Contended, 4, 50, 50, 0, Extent::NearInQuick),
    row(Group::Contended, 8, 50, 50, 0, Extent::Always),
    row(Group::Contended, 32, 50, 50, 0, Extent::NearInFull),
    row(Group::Contended, 8, 1_000, 1_000, 0, Extent::Near),
    row(Group::Contended, 8, 20_000, 20_000, 0, Extent::Near),
    row(Group::Handover, 1, 0, 0, 1, Extent::Always),
    row(Group::Handover, 1, 0, 0, 7, Extent::NearInQuick),
    row(Group::Timed, 1, 0, 0, 1, Extent::Always),
    row(Group::Cancelled, 1, 0, 0, 1, Extent::Always),
    row(Group::Real, 8, 0, 0, 0, Extent::NearInQuick),
];

/// The row that tells what a lock costs by itself.
pub const ALONE: Scenario = TABLE[0];
/// The row that tells most about a lock under contention: more contenders than processors.
pub const CROWD: Scenario = TABLE[3];
/// The row of a single waiter.
pub const HANDED_OVER: Scenario = TABLE[7];

const fn row(
    group: Group,
    threads: u32,
    section: u32,
    think: u32,
    waiters: u32,
    extent: Extent,
) -> Scenario {
    Scenario { group, threads, section, think, waiters, extent }
}

impl Group {
    /// Its name in the figures, and on the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uncontended => "uncontended",
            Self::Contended => "contended",
            Self::Handover => "handover",
            Self::Timed => "abandon, timed",
            Self::Cancelled => "abandon, cancelled",
            Self::Real => "real",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.group.name())?;
        match self.group {
            Group::Contended => {
                let (section, think) = (Short(self.section), Short(self.think));
                write!(f, ", {} threads, section {section}, think {think}", self.threads)
            }
            Group::Handover if self.waiters == 1 => f.write_str(", 1 waiter"),
            Group::Handover => write!(f, ", {} waiters", self.waiters),
            Group::Real => write!(f, ", {} threads", self.threads),
            _ => Ok(()),
        }
    }
}

/// A time without more digits than it takes.
struct Short(u32);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0"),
            short if short < 1_000 => write!(f, "{short} ns"),
            long => write!(f, "{} us", long / 1_000),
        }
    }
}
