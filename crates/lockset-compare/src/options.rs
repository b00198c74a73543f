//! What to compare, and how much of it.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::entry::{Entry, Origin, Primitive, is_called};
use crate::scenario::{Scenario, TABLE};

/// The words of the command line.
#[derive(Clone, Debug, Default, clap::Args)]
#[non_exhaustive]
pub struct Options {
    /// Compare this kind of lock only; may be said several times
    #[arg(long, value_enum, value_name = "KIND")]
    pub only: Vec<Primitive>,
    /// Leave out all rivals but this one, and give every ratio to it
    #[arg(long, value_name = "RIVAL")]
    pub against: Option<String>,
    /// Compare the figures with those of an earlier run, and say what has changed
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Measure only what has these words in its name, such as "uncontended"
    #[arg(long, value_name = "WORDS")]
    pub scenario: Option<String>,
    /// Measure nothing: say whether every comparison that one of two earlier runs calls significant
    /// has the same sign in the other
    #[arg(long, num_args = 2, value_name = "FILE")]
    pub agree: Vec<PathBuf>,
    /// Measure more rounds, and the scenarios that the quick run leaves out
    #[arg(long)]
    pub full: bool,
    /// Decides the order in which all is measured [default: the time of day]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// The folder for the page and for the raw figures
    #[arg(long, value_name = "DIR", default_value = "lockset-compare")]
    pub out: PathBuf,
}

impl Options {
    /// How often each lock is measured in each scenario, each time in another process.
    ///
    /// Seven rounds are the fewest in which "always faster" is no chance: one in 64. More rounds
    /// tell more than longer ones: what differs most is what a process is dealt once.
    pub(crate) fn rounds(&self) -> u32 {
        if self.full { 11 } else { 7 }
    }

    /// Whether leases are measured: servers are started for them.
    #[must_use]
    pub fn has_leases(&self) -> bool {
        let is_meant = self.only.is_empty() || self.only.contains(&Primitive::Lease);
        is_meant && self.agree.is_empty()
    }

    pub(crate) fn seed(&self) -> u64 {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        // Below 2^32, since numbers in JSON are exact only up to 2^53.
        self.seed.unwrap_or_else(now) & 0xFFFF_FFFF
    }

    /// Of all locks, those that are asked for.
    ///
    /// # Errors
    ///
    /// If there is none, or no rival of that name.
    pub(crate) fn chosen(&self, all: Vec<Entry>) -> crate::Result<Vec<Entry>> {
        let is_of_kind =
            |entry: &Entry| self.only.is_empty() || self.only.contains(&entry.primitive);
        let has_scenario = |entry: &Entry| self.scenarios(entry).next().is_some();
        let all: Vec<Entry> = all.into_iter().filter(is_of_kind).filter(has_scenario).collect();
        if all.is_empty() {
            let words = self.scenario.as_deref().unwrap_or_default();
            let names: Vec<String> = TABLE.iter().map(ToString::to_string).collect();
            return Err(format!("no scenario {words:?}; there are {}", names.join("; ")).into());
        }
        let Some(against) = &self.against else { return Ok(all) };
        let is_rival = |entry: &&Entry| [Origin::Rival, Origin::Bare].contains(&entry.origin);
        if !all.iter().any(|entry| is_called(&entry.name, against)) {
            let names: Vec<&str> = all.iter().filter(is_rival).map(|e| e.name.as_str()).collect();
            return Err(format!("no rival {against:?}; there are {}", names.join(", ")).into());
        }
        let kinds: Vec<Primitive> = all
            .iter()
            .filter(|entry| is_called(&entry.name, against))
            .map(|entry| entry.primitive)
            .collect();
        let stays = |entry: &Entry| {
            let is_left_out = is_rival(&entry) && !is_called(&entry.name, against);
            kinds.contains(&entry.primitive) && !is_left_out && entry.origin != Origin::Stage
        };
        Ok(all.into_iter().filter(stays).collect())
    }

    /// The scenarios of a lock.
    pub(crate) fn scenarios(&self, entry: &Entry) -> impl Iterator<Item = &'static Scenario> {
        let words = self.scenario.as_deref().unwrap_or_default();
        TABLE.iter().filter(move |scenario| {
            scenario.to_string().contains(words) && entry.has(scenario, !self.full)
        })
    }
}
