//! The figures as tables for a terminal.

use std::fmt::Write;

use crate::base::{Yardsticks, base_of};
use crate::entry::{Origin, Primitive};
use crate::report::{LockReport, Report, Row};
use crate::scenario::{ALONE, CROWD, Group, HANDED_OVER, Scenario, TABLE};
use crate::stats::median;
use crate::units::{digits, time};
use crate::verdict::compare;

/// A column, and what of a lock stands in it.
struct Column {
    head: &'static str,
    cell: fn(&Cells<'_>) -> Option<String>,
}

/// What the cells of a row are made from.
struct Cells<'r> {
    report: &'r Report,
    lock: &'r LockReport,
    base: Option<&'r LockReport>,
}

const COLUMNS: &[Column] = &[
    Column { head: "pair", cell: |cells| Some(time(cells.row(&ALONE)?.time_ns())) },
    Column { head: "x", cell: |cells| cells.ratio(&ALONE) },
    Column { head: "2 thr x", cell: |cells| cells.ratio(&TABLE[1]) },
    Column { head: "8 thr x", cell: |cells| cells.ratio(&CROWD) },
    Column { head: "8 long x", cell: |cells| cells.ratio(&TABLE[6]) },
    Column { head: "Jain", cell: |cells| Some(digits(jain(cells.row(&CROWD)?))) },
    Column {
        head: "p99 wait",
        cell: |cells| Some(time(cells.row(&CROWD)?.waits.quantile(0.99) as f64)),
    },
    Column { head: "longest", cell: |cells| Some(time(cells.row(&CROWD)?.longest())) },
    Column { head: "cpu/op", cell: |cells| Some(time(cpu(cells.row(&CROWD)?))) },
    Column { head: "handed over", cell: |cells| Some(time(cells.row(&HANDED_OVER)?.time_ns())) },
    Column { head: "late by", cell: |cells| Some(time(cells.late(Group::Timed)?)) },
    Column { head: "cancelled", cell: |cells| Some(time(cells.late(Group::Cancelled)?)) },
    Column { head: "ledger x", cell: |cells| cells.ratio(&TABLE[11]) },
];

/// All tables, and the progression.
#[must_use]
pub fn table(report: &Report, against: Option<&str>) -> String {
    let mut text = String::new();
    for primitive in report.primitives() {
        let locks: Vec<&LockReport> = report.of(primitive).collect();
        let base = |lock| base_of(report, lock, against);
        let _ = write!(text, "\n{}", primitive.plural());
        if let Some(base) = locks.iter().find_map(|lock| base(lock)) {
            let whose = match (primitive, against) {
                (Primitive::Lease, Some(rival)) => format!("{rival}'s on the same server"),
                (Primitive::Lease, None) => "the first rival's on the same server".to_owned(),
                _ => format!("{}'s", base.name),
            };
            let _ = write!(text, " (x: throughput as a multiple of {whose}");
            if primitive == Primitive::Lease {
                text += ", or of ours where it has none";
            }
            text += "; + and -: more than noise)";
        }
        text.push('\n');
        let mut rows = vec![COLUMNS.iter().map(|column| column.head.to_owned()).collect()];
        rows.extend(locks.iter().map(|lock| {
            let cells = Cells { report, lock, base: base(lock) };
            let cell = |column: &Column| (column.cell)(&cells).unwrap_or_else(|| "-".to_owned());
            COLUMNS.iter().map(cell).collect::<Vec<String>>()
        }));
        text += &aligned(&locks, &rows);
    }
    text + &progression(report)
}

fn aligned(locks: &[&LockReport], rows: &[Vec<String>]) -> String {
    let name = |lock: &LockReport| match lock.origin {
        Origin::Ours | Origin::Twin => format!("* {}", lock.name),
        _ => format!("  {}", lock.name),
    };
    let width = locks.iter().map(|lock| name(lock).chars().count()).max().unwrap_or(0);
    let cell_width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS.len()).map(cell_width).collect();
    let line = |cells: &[String]| -> String {
        cells.iter().zip(&widths).map(|(cell, width)| format!("  {cell:>width$}")).collect()
    };
    let mut text = format!("{:width$}{}\n", "", line(&rows[0]));
    for (lock, cells) in locks.iter().zip(&rows[1..]) {
        let _ = match &lock.fault {
            Some(fault) => writeln!(text, "{:width$}  {fault}", name(lock)),
            None => writeln!(text, "{:width$}{}", name(lock), line(cells)),
        };
    }
    text
}

/// Everything for use in one list, from nanoseconds to milliseconds.
fn progression(report: &Report) -> String {
    let yardsticks = Yardsticks::of(report);
    let mut text = String::from("\nThe progression: an uncontended pair\n");
    for (lock, ns) in pairs(report) {
        let multiple = |figure: Option<f64>, unit| {
            figure.map_or_else(String::new, |figure| format!("{} {unit}", digits(figure)))
        };
        let mutexes = multiple(yardsticks.mutexes(ns), "mutexes");
        let trips = multiple(yardsticks.round_trips(lock, ns), "round trips");
        let (id, time) = (lock.id(), time(ns));
        let _ = writeln!(text, "  {id:<44} {time:>10} {mutexes:>20} {trips:>18}");
    }
    text
}

/// All locks for use and their rivals, from the fastest uncontended pair to the slowest.
pub(crate) fn pairs(report: &Report) -> Vec<(&LockReport, f64)> {
    let is_shown = |lock: &&LockReport| ![Origin::Stage, Origin::Twin].contains(&lock.origin);
    let shown = report.locks.iter().filter(is_shown);
    let mut pairs: Vec<_> =
        shown.filter_map(|lock| Some((lock, lock.row(&ALONE)?.time_ns()))).collect();
    pairs.sort_by(|one, other| one.1.total_cmp(&other.1));
    pairs
}

pub(crate) fn jain(row: &Row) -> f64 {
    median(row.jain.iter().copied())
}

pub(crate) fn cpu(row: &Row) -> f64 {
    median(row.cpu_ns.iter().copied())
}

impl Cells<'_> {
    fn row(&self, scenario: &Scenario) -> Option<&Row> {
        self.lock.row(scenario)
    }

    /// The median over the rounds of the ratio to the base, and whether that is more than noise.
    fn ratio(&self, scenario: &Scenario) -> Option<String> {
        let base = self.base?;
        let compared = compare(self.report, self.lock, base, scenario)?;
        let mark = match compared.is_significant {
            true if compared.log_ratio > 0.0 => "+",
            true => "-",
            false => " ",
        };
        Some(format!("{}{mark}", digits(compared.log_ratio.exp())))
    }

    /// What a wait of this group costs beyond what it was meant to.
    fn late(&self, group: Group) -> Option<f64> {
        let scenario = TABLE.iter().find(|scenario| scenario.group == group)?;
        self.row(scenario).map(Row::time_ns)
    }
}
