//! Two runs side by side: what has changed between them, and is no noise.
//!
//! The machine may have been another one in the second run, or in another mood. So each figure of
//! ours is taken relative to the rivals of the same round, who have not changed: to the median of
//! theirs. The rounds of a run are processes of their own, so that what a process is dealt once -
//! its place in memory, its processor - is in the spread of the rounds, and not taken for a change.

use std::fmt::Write;

use crate::agreement::Agreement;
use crate::entry::Origin;
use crate::rank::rank_sum;
use crate::report::{LockReport, Report, Row};
use crate::scenario::{Scenario, TABLE};
use crate::stats::median;
use crate::verdict::{Metric, is_rival, noise};

/// The chance of calling a change that is none, for each comparison.
const LEVEL: f64 = 0.01;

/// What became of one figure of one lock.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The lock, as `kind/name`.
    pub lock: String,
    /// The scenario, in words.
    pub scenario: String,
    /// Which figure: `rate` or `cpu`.
    pub metric: &'static str,
    /// The new figure as a multiple of the old one, where more is better.
    pub ratio: f64,
    /// Beyond which ratio it counts.
    pub threshold: f64,
    /// Whether it is more than noise.
    pub is_significant: bool,
}

/// Two runs compared.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Changes {
    /// Every figure of every lock of ours that both runs have.
    pub all: Vec<Change>,
    /// What both say of our locks and their rivals.
    pub agreement: Agreement,
}

impl Changes {
    /// From an earlier run to a later one.
    #[must_use]
    pub fn between(earlier: &Report, later: &Report) -> Self {
        let mut all = Vec::new();
        let is_ours =
            |lock: &&LockReport| [Origin::Ours, Origin::Twin, Origin::Stage].contains(&lock.origin);
        for lock in later.locks.iter().filter(is_ours) {
            let Some(before) = earlier.lock(lock.primitive, &lock.name) else { continue };
            for (scenario, metric) in
                TABLE.iter().flat_map(|row| Metric::ALL.map(|metric| (row, metric)))
            {
                all.extend(change((earlier, before), (later, lock), scenario, metric));
            }
        }
        Self { all, agreement: Agreement::between(earlier, later) }
    }

    /// Those that are more than noise.
    pub fn significant(&self) -> impl Iterator<Item = &Change> {
        self.all.iter().filter(|change| change.is_significant)
    }

    /// For a terminal.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut text = String::from("\nAgainst the baseline\n");
        for change in self.significant() {
            let word = if change.ratio < 1.0 { "WORSE " } else { "better" };
            let Change { lock, scenario, metric, ratio, threshold, .. } = change;
            let _ = writeln!(
                text,
                "  {word} {ratio:>5.2}  {lock}, {scenario}: {metric}  (noise up to {threshold:.2})"
            );
        }
        let (all, changed) = (self.all.len(), self.significant().count());
        let _ = writeln!(text, "  {changed} of {all} figures changed by more than noise.");
        let _ = writeln!(text, "  {}", self.agreement.summary());
        text
    }
}

fn change(
    (earlier, before): (&Report, &LockReport),
    (later, after): (&Report, &LockReport),
    scenario: &Scenario,
    metric: Metric,
) -> Option<Change> {
    let (old, new) = (before.row(scenario)?, after.row(scenario)?);
    let old = relative(earlier, before, old, scenario, metric);
    let new = relative(later, after, new, scenario, metric);
    let difference = median(new.iter().copied()) - median(old.iter().copied());
    let noise_of = |report| noise(report, after.primitive, scenario, metric);
    let threshold = noise_of(earlier).max(noise_of(later));
    Some(Change {
        lock: after.id(),
        scenario: scenario.to_string(),
        metric: metric.name(),
        ratio: difference.exp(),
        threshold: threshold.exp(),
        is_significant: rank_sum(&old, &new) < LEVEL && difference.abs() > threshold,
    })
}

/// The figure of each round beside the rivals' of the same round.
fn relative(
    report: &Report,
    lock: &LockReport,
    row: &Row,
    scenario: &Scenario,
    metric: Metric,
) -> Vec<f64> {
    let rivals = report.of(lock.primitive).filter(|other| is_rival(other, lock));
    let rivals: Vec<Vec<f64>> =
        rivals.filter_map(|rival| Some(metric.logs(rival.row(scenario)?))).collect();
    let own = metric.logs(row);
    let in_round = |nth: usize| median(rivals.iter().filter_map(|logs| logs.get(nth).copied()));
    own.iter().enumerate().map(|(nth, own)| own - in_round(nth)).collect()
}
