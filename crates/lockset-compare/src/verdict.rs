//! Which differences within a run are more than noise.
//!
//! Both locks of a comparison were measured in the same rounds. So it looks at the ratio of each
//! round, by a rank test, and asks for more than that one is mostly ahead: the ratio must also
//! exceed what the same lock does against itself.

use crate::entry::{Origin, Primitive};
use crate::rank::signed_rank;
use crate::report::{LockReport, Report, Row};
use crate::scenario::{Scenario, TABLE};
use crate::stats::median;

/// The chance of calling a difference that is none, for each comparison. Seven rounds that all
/// agree are less than 2 %; with the rounds of a full run, which is the one to quote, a level
/// can be asked for at which some hundred comparisons hardly have one that is called by chance.
fn level(report: &Report) -> f64 {
    if report.quick { 0.02 } else { 0.005 }
}

/// Less than 3 percent is nothing that a user would notice, and what the place of code in memory
/// decides.
pub(crate) const LEAST: f64 = 0.03;

/// What is compared of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    Rate,
    Cpu,
}

impl Metric {
    pub(crate) const ALL: [Self; 2] = [Self::Rate, Self::Cpu];

    /// The figure of each round, as a logarithm; more is better.
    pub(crate) fn logs(self, row: &Row) -> Vec<f64> {
        match self {
            Self::Rate => row.rate.iter().map(|rate| rate.max(1e-9).ln()).collect(),
            Self::Cpu => row.cpu_ns.iter().map(|cpu| -cpu.max(1e-3).ln()).collect(),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Cpu => "cpu",
        }
    }
}

/// One of our locks beside another, in one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub(crate) ours: String,
    pub(crate) rival: String,
    pub(crate) scenario: Scenario,
    /// The median over the rounds of the logarithm of ours over theirs.
    pub(crate) log_ratio: f64,
    pub(crate) is_significant: bool,
}

/// Compares the rates of two locks; `None` if one of them has no such row.
pub(crate) fn compare(
    report: &Report,
    ours: &LockReport,
    rival: &LockReport,
    scenario: &Scenario,
) -> Option<Comparison> {
    let metric = Metric::Rate;
    let differences = differences(metric, ours.row(scenario)?, rival.row(scenario)?);
    let log_ratio = median(differences.iter().copied());
    let noise = noise(report, ours.primitive, scenario, metric);
    let is_significant = signed_rank(&differences) < level(report) && log_ratio.abs() > noise;
    let (ours, rival) = (ours.id(), rival.id());
    Some(Comparison { ours, rival, scenario: *scenario, log_ratio, is_significant })
}

/// All of ours beside all rivals of their kind, and on their server.
pub(crate) fn comparisons(report: &Report) -> Vec<Comparison> {
    let mut all = Vec::new();
    let of_ours = |lock: &&LockReport| lock.origin == Origin::Ours;
    for ours in report.locks.iter().filter(of_ours) {
        let rivals = report.of(ours.primitive).filter(|lock| is_rival(lock, ours));
        for rival in rivals {
            all.extend(TABLE.iter().filter_map(|row| compare(report, ours, rival, row)));
        }
    }
    all
}

pub(crate) fn is_rival(lock: &LockReport, ours: &LockReport) -> bool {
    [Origin::Rival, Origin::Bare].contains(&lock.origin) && lock.server == ours.server
}

/// How far the same lock is from itself, in three rounds of four: the logarithm of a ratio.
pub(crate) fn noise(
    report: &Report,
    primitive: Primitive,
    scenario: &Scenario,
    metric: Metric,
) -> f64 {
    let twins = report.of(primitive).filter(|lock| lock.origin == Origin::Twin);
    let distances = twins.filter_map(|twin| {
        let lock = report.lock(primitive, twin.name.strip_suffix(" (again)")?)?;
        let mut between = differences(metric, lock.row(scenario)?, twin.row(scenario)?);
        between.iter_mut().for_each(|difference| *difference = difference.abs());
        between.sort_by(f64::total_cmp);
        between.get((between.len() * 3 / 4).min(between.len().saturating_sub(1))).copied()
    });
    distances.fold(LEAST, f64::max)
}

/// Round by round: what slowed the machine slowed both.
fn differences(metric: Metric, ours: &Row, theirs: &Row) -> Vec<f64> {
    let (ours, theirs) = (metric.logs(ours), metric.logs(theirs));
    ours.iter().zip(&theirs).map(|(ours, theirs)| ours - theirs).collect()
}
