//! The plots of one kind of lock.

use super::lines::{self, Line};
use super::spans::{Plot, Scale, Span};
use crate::entry::{Origin, Primitive};
use crate::report::{LockReport, Report, Row};
use crate::scenario::{CROWD, Group, Scenario, TABLE};
use crate::stats::median;
use crate::table::{cpu, jain};
use crate::units::{digits, time};

/// How a lock is coloured.
pub(super) fn class(origin: Origin) -> &'static str {
    match origin {
        Origin::Ours | Origin::Twin => "ours",
        Origin::Stage => "stage",
        Origin::Rival => "rival",
        Origin::Bare => "bare",
    }
}

/// All of them, in the order in which questions come up.
pub(super) fn of(report: &Report, primitive: Primitive) -> String {
    let locks: Vec<&LockReport> = report.of(primitive).collect();
    let plurals = primitive.plural();
    let crowd = "8 threads, section 50 ns, think 50 ns";
    let at = |group: Group| TABLE.iter().filter(move |scenario| scenario.group == group);
    let mut text = threads(&locks, plurals);
    text +=
        &plot("waits", format!("{plurals}: waiting for the lock, {crowd}"), &locks, &CROWD, waits);
    text += &plot("fairness", format!("{plurals}: Jain's index, {crowd}"), &locks, &CROWD, shares);
    text += &plot(
        "cpu",
        format!("{plurals}: processor time for a section, {crowd}"),
        &locks,
        &CROWD,
        costs,
    );
    for scenario in at(Group::Handover) {
        let title = format!("{plurals}: from a release to the next holder ({scenario})");
        text += &plot("handover", title, &locks, scenario, waits);
    }
    for scenario in at(Group::Timed) {
        let title = format!("{plurals}: how late a wait of 4 ms ends");
        text += &plot("timed", title, &locks, scenario, waits);
    }
    for scenario in at(Group::Cancelled) {
        let title = format!("{plurals}: to begin a wait and to drop it");
        text += &plot("cancelled", title, &locks, scenario, times);
    }
    for scenario in at(Group::Real) {
        let title = format!("{plurals}: time for a payment of the ledger, 8 threads");
        text += &plot("real", title, &locks, scenario, times);
    }
    text
}

fn threads(locks: &[&LockReport], plurals: &str) -> String {
    let is_like = |scenario: &&Scenario| {
        scenario.group == Group::Contended && scenario.section == CROWD.section
    };
    let is_shown = |lock: &&&LockReport| ![Origin::Stage, Origin::Twin].contains(&lock.origin);
    let lines = locks.iter().filter(is_shown).map(|lock| Line {
        label: lock.name.clone(),
        class: class(lock.origin),
        points: TABLE
            .iter()
            .filter(is_like)
            .filter_map(|scenario| {
                let row = lock.row(scenario)?;
                Some((scenario.threads, median(row.rate.iter().copied())))
            })
            .collect(),
    });
    let lines: Vec<Line> = lines.filter(|line| !line.points.is_empty()).collect();
    lines::draw(&format!("{plurals}: throughput by threads, section 50 ns, think 50 ns"), &lines)
}

/// A row for each lock that has the scenario, from the least to the greatest.
fn plot(
    id: &'static str,
    title: String,
    locks: &[&LockReport],
    scenario: &Scenario,
    span: fn(&Row) -> Span,
) -> String {
    let mut rows: Vec<Span> = locks
        .iter()
        .filter_map(|lock| {
            let span = span(lock.row(scenario)?);
            Some(Span { label: lock.name.clone(), class: class(lock.origin), ..span })
        })
        .collect();
    let scale = if id == "fairness" { Scale::Share } else { Scale::Time };
    rows.sort_by(|one, other| one.middle.total_cmp(&other.middle));
    if scale == Scale::Share {
        rows.reverse();
    }
    Plot { id, title, scale, rows }.draw()
}

/// The median wait, those of 5 to 99 of a hundred, and the longest.
fn waits(row: &Row) -> Span {
    let at = |share| row.waits.quantile(share) as f64;
    let (middle, high, longest) = (at(0.5), at(0.99), row.longest());
    let words = format!("{}, p99 {}, longest {}", time(middle), time(high), time(longest));
    Span { low: at(0.05), middle, high, longest: Some(longest.max(high)), words, ..nothing() }
}

/// The median round, and the least and the most.
fn of_rounds(figures: &[f64], middle: f64, words: String) -> Span {
    let low = figures.iter().copied().fold(f64::MAX, f64::min);
    let high = figures.iter().copied().fold(0.0, f64::max);
    Span { low, middle, high, words, ..nothing() }
}

fn shares(row: &Row) -> Span {
    let index = jain(row);
    let worst = row.jain.iter().copied().fold(1.0, f64::min);
    of_rounds(&row.jain, index, format!("{}, worst {}", digits(index), digits(worst)))
}

fn costs(row: &Row) -> Span {
    of_rounds(&row.cpu_ns, cpu(row), time(cpu(row)))
}

fn times(row: &Row) -> Span {
    let times: Vec<f64> = row.rate.iter().map(|rate| 1e9 / rate).collect();
    of_rounds(&times, row.time_ns(), time(row.time_ns()))
}

fn nothing() -> Span {
    let (label, words) = (String::new(), String::new());
    Span { label, class: "", low: 0.0, middle: 0.0, high: 0.0, longest: None, words }
}
