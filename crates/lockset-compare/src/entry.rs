//! A lock in the tables: what it is called, where it is, and what can be measured about it.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::measure::{self, Pace, Task};
use crate::rival::{Cancelled, Place, Rival, Timed};
use crate::sample::Outcome;
use crate::scenario::{Extent, Group, Scenario};
use crate::servers::Server;

/// A kind of lock; only locks of one kind do the same for a user.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Primitive {
    /// Excludes threads.
    Mutex,
    /// Lets some in; here, where a row has to mean the same for all locks, one.
    Semaphore,
    /// Excludes processes of one machine.
    File,
    /// Excludes machines, for a time.
    Lease,
}

/// Whose a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Origin {
    /// Lockset's, for use.
    Ours,
    /// The same lock once more: what differs between the two is noise.
    Twin,
    /// Lockset's, for learning.
    Stage,
    /// What people would otherwise pick.
    Rival,
    /// What any such lock must at least do: no lock to use.
    Bare,
}

type Measure = fn(&Task) -> Outcome;

/// A lock in the tables.
#[derive(Clone)]
pub struct Entry {
    pub(crate) primitive: Primitive,
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) server: Option<Server>,
    pace: Pace,
    alone: Measure,
    waits: Option<Waits>,
    timed: Option<Measure>,
    cancelled: Option<Measure>,
}

/// Whether a lock of this name is meant by that word: the name, or what stands in it before the
/// server.
pub(crate) fn is_called(name: &str, word: &str) -> bool {
    name == word || name.strip_prefix(word).is_some_and(|rest| rest.starts_with(", "))
}

/// What there is to measure about a lock that waits.
#[derive(Clone)]
struct Waits {
    contended: Measure,
    handover: Measure,
    real: Measure,
}

impl Entry {
    /// A lock of this name, which names no other one of its kind.
    #[must_use]
    pub fn new<R: Rival>(primitive: Primitive, origin: Origin, name: impl Into<String>) -> Self {
        let (contended, real) = (measure::contended::<R>, measure::real::<R>);
        let handover = measure::handover::<R>;
        let pace = match primitive {
            Primitive::Mutex | Primitive::Semaphore => Pace::Memory,
            Primitive::File => Pace::Kernel,
            Primitive::Lease => Pace::Server,
        };
        Self {
            primitive,
            name: name.into(),
            origin,
            server: None,
            pace,
            alone: measure::alone::<R>,
            waits: Some(Waits { contended, handover, real }),
            timed: None,
            cancelled: None,
        }
    }

    /// It can also be waited for until a deadline. `R` is what the entry was made of.
    #[must_use]
    pub fn timed<R: Timed>(mut self) -> Self {
        self.timed = Some(measure::timed::<R>);
        self
    }

    /// Tasks can wait for it, and give up. `R` is what the entry was made of.
    #[must_use]
    pub fn cancelled<R: Cancelled>(mut self) -> Self {
        self.cancelled = Some(measure::cancelled::<R>);
        self
    }

    /// It does not wait for a lock that is taken: nobody may disturb it.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        self.waits = None;
        self
    }

    /// It is kept by this server.
    #[must_use]
    pub fn kept_by(mut self, server: &Server) -> Self {
        self.server = Some(server.clone());
        self
    }

    /// What tells it from all others: its kind and its name.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.primitive, self.name)
    }

    /// Whether there is such a scenario for it, in a quick run or in a full one.
    pub(crate) fn has(&self, scenario: &Scenario, is_quick: bool) -> bool {
        let is_meant = match scenario.extent {
            Extent::Always => true,
            Extent::NearInQuick => !is_quick || self.pace != Pace::Server,
            Extent::Near => self.pace != Pace::Server,
            Extent::NearInFull => !is_quick && self.pace != Pace::Server,
        };
        // The stages are there for the mutex's own story: alone and in the crowd. Those that spin
        // would take minutes with more threads, each of which waits for all others' turns.
        let is_shown = self.origin != Origin::Stage
            || [crate::scenario::ALONE, crate::scenario::CROWD].contains(scenario);
        is_meant && is_shown && self.measure(scenario.group).is_some()
    }

    fn measure(&self, group: Group) -> Option<Measure> {
        let waits = self.waits.as_ref();
        match group {
            Group::Uncontended => Some(self.alone),
            Group::Contended => waits.map(|waits| waits.contended),
            Group::Handover => waits.map(|waits| waits.handover),
            Group::Real => waits.map(|waits| waits.real),
            Group::Timed => self.timed,
            Group::Cancelled => self.cancelled,
        }
    }

    /// Measures it once, by a lock of its own; `None` if it has no such thing.
    ///
    /// Files are made in `dir`. No other lock of a run may have this `name`. Whatever has to be
    /// random is made from `seed`, and `effort` is how many times longer than the shortest useful
    /// time a measurement takes.
    #[must_use]
    pub fn run(
        &self,
        scenario: &Scenario,
        dir: &Path,
        name: String,
        effort: u32,
        seed: u64,
    ) -> Option<Outcome> {
        let measure = self.measure(scenario.group)?;
        let url = self.server.as_ref().map(|server| server.url.clone()).unwrap_or_default();
        let place = Place { dir: dir.to_owned(), name, url };
        let round_trip = self.server.as_ref().map_or(Duration::ZERO, Server::least_round_trip);
        let span = self.span(scenario) * effort;
        let scenario = *scenario;
        Some(measure(&Task { scenario, place, pace: self.pace, span, round_trip, seed }))
    }

    /// The shortest useful time: long enough for a thread to lose its processor to another, and on
    /// a server for each contender to be served.
    pub(crate) fn span(&self, scenario: &Scenario) -> Duration {
        let contends = scenario.group == Group::Contended;
        Duration::from_millis(match (self.pace, scenario.group) {
            (Pace::Memory, _) if contends => 60,
            (Pace::Memory, Group::Uncontended) => 8,
            (Pace::Kernel, Group::Uncontended) => 10,
            (Pace::Server, Group::Uncontended) => 60,
            (Pace::Memory | Pace::Kernel, _) => 25,
            (Pace::Server, Group::Handover) => 210,
            (Pace::Server, Group::Timed | Group::Cancelled) => 40,
            (Pace::Server, _) => 200,
        })
    }
}

impl Primitive {
    /// All of them, from nanoseconds to milliseconds.
    pub const ALL: [Self; 4] = [Self::Mutex, Self::Semaphore, Self::File, Self::Lease];

    /// What several of them are called.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Mutex => "Mutexes",
            Self::Semaphore => "Semaphores",
            Self::File => "File locks",
            Self::Lease => "Leases",
        }
    }
}

impl fmt::Display for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mutex => "mutex",
            Self::Semaphore => "semaphore",
            Self::File => "file",
            Self::Lease => "lease",
        })
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id())
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
