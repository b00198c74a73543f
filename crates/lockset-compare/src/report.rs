//! The figures of a run, as they are written down and read again.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::entry::{Entry, Origin, Primitive};
use crate::machine::Machine;
use crate::sample::{Fault, Outcome, Sample};
use crate::scenario::Scenario;
use crate::stats::{Histogram, median};

/// The form of the file; another one is not read.
const FORMAT: u32 = 1;

/// All that a run measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    format: u32,
    /// Whether it was the short one.
    pub quick: bool,
    /// What decided the order.
    pub seed: u64,
    /// How often each lock was measured in each scenario.
    pub rounds: u32,
    /// How long it took.
    pub seconds: f64,
    /// What else the figures depend on.
    pub machine: Machine,
    /// The locks.
    pub locks: Vec<LockReport>,
}

/// What was measured about one lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LockReport {
    /// Its kind.
    pub primitive: Primitive,
    /// Its name among those of its kind.
    pub name: String,
    /// Whose it is.
    pub origin: Origin,
    /// The server that keeps it, by its name in the tables.
    pub server: Option<String>,
    /// What is wrong with it. A lock with a fault has no rows: what it did is of no interest.
    pub fault: Option<Fault>,
    /// One for each scenario.
    pub rows: Vec<Row>,
}

/// A lock in a scenario; in the lists is one figure for each round.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Row {
    /// The scenario, in words.
    pub scenario: String,
    /// Operations in a second.
    pub rate: Vec<f64>,
    /// The processors' time for an operation, in nanoseconds.
    pub cpu_ns: Vec<f64>,
    /// Jain's index of the contenders' shares.
    pub jain: Vec<f64>,
    /// The wait that all but one in a hundred do not exceed, in nanoseconds.
    pub p99_ns: Vec<u64>,
    /// The longest wait.
    pub longest_ns: Vec<u64>,
    /// The waits of all rounds.
    pub waits: Histogram,
}

impl Report {
    pub(crate) fn new(quick: bool, seed: u64, rounds: u32, entries: &[Entry]) -> Self {
        let locks = entries.iter().map(LockReport::new).collect();
        Self { format: FORMAT, quick, seed, rounds, seconds: 0.0, machine: Machine::this(), locks }
    }

    /// Reads what an earlier run has written.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is none of these.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("cannot read the figures {}: {error}", path.display()))?;
        let report: Self = serde_json::from_str(&text)
            .map_err(|error| format!("{} has no figures of a run: {error}", path.display()))?;
        if report.format != FORMAT {
            let (path, is) = (path.display(), report.format);
            return Err(format!("{path} is of form {is}, and this program reads {FORMAT}").into());
        }
        Ok(report)
    }

    /// The locks of one kind.
    pub fn of(&self, primitive: Primitive) -> impl Iterator<Item = &LockReport> {
        self.locks.iter().filter(move |lock| lock.primitive == primitive)
    }

    pub(crate) fn lock(&self, primitive: Primitive, name: &str) -> Option<&LockReport> {
        self.of(primitive).find(|lock| lock.name == name)
    }

    /// The kinds that were compared.
    pub(crate) fn primitives(&self) -> impl Iterator<Item = Primitive> {
        Primitive::ALL.into_iter().filter(|primitive| self.of(*primitive).next().is_some())
    }
}

impl LockReport {
    fn new(entry: &Entry) -> Self {
        Self {
            primitive: entry.primitive,
            name: entry.name.clone(),
            origin: entry.origin,
            server: entry.server.as_ref().map(|server| server.name.clone()),
            fault: None,
            rows: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.primitive, self.name)
    }

    /// Puts an outcome to the others, unless something is wrong with the lock.
    pub(crate) fn add(&mut self, scenario: &str, outcome: Outcome) {
        if self.fault.is_some() {
            return;
        }
        match outcome {
            Ok(sample) => self.row_mut(scenario).add(&sample),
            Err(fault) => {
                self.rows.clear();
                self.fault = Some(fault);
            }
        }
    }

    /// What it did in a scenario, if it has such a thing.
    #[must_use]
    pub fn row(&self, scenario: &Scenario) -> Option<&Row> {
        let name = scenario.to_string();
        self.rows.iter().find(|row| row.scenario == name)
    }

    fn row_mut(&mut self, scenario: &str) -> &mut Row {
        let found = self.rows.iter().position(|row| row.scenario == scenario);
        let at = found.unwrap_or_else(|| {
            self.rows.push(Row::new(scenario));
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }
}

impl Row {
    fn new(scenario: &str) -> Self {
        let (rate, cpu_ns, jain) = (Vec::new(), Vec::new(), Vec::new());
        let (p99_ns, longest_ns, waits) = (Vec::new(), Vec::new(), Histogram::new());
        Self { scenario: scenario.to_owned(), rate, cpu_ns, jain, p99_ns, longest_ns, waits }
    }

    fn add(&mut self, sample: &Sample) {
        self.rate.push(rounded(sample.rate()));
        self.cpu_ns.push(rounded(sample.cpu_ns()));
        self.jain.push(rounded(sample.jain));
        self.p99_ns.push(sample.waits.quantile(0.99));
        self.longest_ns.push(sample.waits.longest());
        self.waits.merge(&sample.waits);
    }

    /// The median time of an operation, in nanoseconds.
    #[must_use]
    pub fn time_ns(&self) -> f64 {
        1e9 / median(self.rate.iter().copied())
    }

    /// The median of the longest waits of a round: the longest of all is one unlucky moment.
    pub(crate) fn longest(&self) -> f64 {
        median(self.longest_ns.iter().map(|ns| *ns as f64))
    }
}

/// To five digits: more of them are noise, and take room in the file.
fn rounded(figure: f64) -> f64 {
    format!("{figure:.4e}").parse().unwrap_or(figure)
}
