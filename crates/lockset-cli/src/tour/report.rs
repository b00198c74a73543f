//! The report: a record for each part, for people and for scripts, and whether it shows what it
//! should.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lockset_trace::{SvgOptions, Verdict};
use serde::Serialize;

use super::cannot_write;
use super::figures::Figures;
use super::ledger::Ledger;
use super::steps::{Part, Seen, Side, Step};
use super::words::{count, sentence, time};
use crate::error::{Context, Result};

/// What one part has shown, in every form in which it is told.
#[derive(Serialize)]
pub(crate) struct Record {
    pub(crate) step: Step,
    /// Without the lock that the step is about, or with it.
    pub(crate) part: Side,
    pub(crate) title: &'static str,
    #[serde(skip)]
    label: String,
    /// The figures in a sentence.
    pub(crate) summary: String,
    /// Whether the part shows what it should: losses without the lock, and none with it.
    pub(crate) ok: bool,
    pub(crate) figures: Figures,
    pub(crate) trace: Trace,
    waits_us: Waits,
    elapsed_ms: f64,
    /// The names of the picture and of the log that it was drawn from.
    picture: String,
    log: String,
    #[serde(skip)]
    pub(crate) svg: String,
    #[serde(skip)]
    jsonl: String,
    #[serde(skip)]
    waits: lockset_trace::Waits,
    #[serde(skip)]
    elapsed: Duration,
}

/// What the record of the lock says about it.
#[derive(Serialize)]
pub(crate) struct Trace {
    /// Whether the lock kept its promise, or there was one that could.
    pub(crate) held: bool,
    pub(crate) headline: String,
    grants: usize,
    /// How many may hold at once, and the most that did.
    limit: usize,
    peak: usize,
    overtakings: usize,
    violations: usize,
}

/// How long the workers waited to be let in, in microseconds.
#[derive(Serialize)]
struct Waits {
    p50: f64,
    p99: f64,
    max: f64,
}

impl Record {
    pub(crate) fn new(part: &Part, seen: Seen) -> Self {
        let Seen { figures, history } = seen;
        let verdict = history.check(part.limit);
        let events = history.events();
        let ends = events.first().zip(events.last());
        let elapsed = ends.map_or(Duration::ZERO, |(first, last)| last.at.since(first.at));
        let stem = format!("{}-{}", part.step.name(), part.side.name());
        Self {
            step: part.step,
            part: part.side,
            title: part.title,
            label: part.label(),
            summary: sentence(part.step, &figures),
            ok: shows_what_it_should(part.side, &figures, &verdict),
            figures,
            waits_us: Waits {
                p50: micros(verdict.waits.p50),
                p99: micros(verdict.waits.p99),
                max: micros(verdict.waits.max),
            },
            elapsed_ms: micros(elapsed) / 1e3,
            picture: format!("{stem}.svg"),
            log: format!("{stem}.jsonl"),
            svg: history.to_svg(&SvgOptions::new(part.limit)),
            jsonl: history.to_jsonl(),
            waits: verdict.waits,
            elapsed,
            trace: Trace::new(&verdict),
        }
    }

    /// Writes the picture and the log.
    pub(crate) fn save(&self, out: &Path) -> Result<()> {
        for (name, text) in [(&self.picture, &self.svg), (&self.log, &self.jsonl)] {
            let path = out.join(name);
            fs::write(&path, text).context(cannot_write(&path))?;
        }
        Ok(())
    }

    /// The record as two lines for a terminal.
    pub(crate) fn in_plain_words(&self) -> String {
        let Self { title, summary, .. } = self;
        let (step, verdict, times) = (self.step.name(), &self.trace.headline, self.times());
        format!("{step:<9}  {title}: {summary}\n{:9}  {verdict}; {times}\n", "")
    }

    /// How long it took, and how long was waited.
    pub(crate) fn times(&self) -> String {
        let lockset_trace::Waits { p50, p99, max, .. } = self.waits;
        let [p50, most, longest, took] = [p50, p99, max, self.elapsed].map(time);
        if self.waits.are_negligible() {
            return format!("nobody waited; took {took}");
        }
        format!("waits: median {p50}, 99 % {most}, longest {longest}; took {took}")
    }
}

/// What the tour is about to do, for a terminal.
pub(crate) fn introduction(ledger: &Ledger) -> String {
    let (payments, accounts) = (count(ledger.payments.len()), count(ledger.accounts.len()));
    format!("{payments} payments between {accounts} accounts, by many workers at once\n\n")
}

/// Without a lock something must be lost, and the trace must show why; with it, neither.
fn shows_what_it_should(side: Side, figures: &Figures, verdict: &Verdict) -> bool {
    match side {
        Side::Without => figures.any_loss() && !verdict.is_ok(),
        // A fence check that had nothing to refuse has shown nothing.
        Side::With => {
            !figures.any_loss() && verdict.is_ok() && figures.stale_writes_refused != Some(0)
        }
    }
}

impl Trace {
    fn new(verdict: &Verdict) -> Self {
        Self {
            held: verdict.is_ok(),
            headline: verdict.headline(),
            grants: verdict.grants,
            limit: verdict.limit,
            peak: verdict.peak,
            overtakings: verdict.overtakings,
            violations: verdict.violations.len(),
        }
    }
}

/// The whole tour, for scripts.
#[derive(Serialize)]
pub(crate) struct Report {
    ok: bool,
    payments: usize,
    accounts: usize,
    elapsed_ms: f64,
    /// Its path; what is no text in it is replaced, since JSON is text.
    page: String,
    parts: Vec<Record>,
}

impl Report {
    pub(crate) fn new(ledger: &Ledger, parts: Vec<Record>, page: &Path, elapsed: Duration) -> Self {
        Self {
            ok: parts.iter().all(|part| part.ok),
            payments: ledger.payments.len(),
            accounts: ledger.accounts.len(),
            elapsed_ms: micros(elapsed) / 1e3,
            page: page.to_string_lossy().into_owned(),
            parts,
        }
    }

    /// Fails with the parts that have not shown what they should.
    pub(crate) fn verdict(&self) -> Result<()> {
        let failed: Vec<_> = self.parts.iter().filter(|part| !part.ok).map(complaint).collect();
        if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
    }
}

fn complaint(part: &Record) -> String {
    let Record { label, summary, trace, .. } = part;
    let expected = match part.part {
        Side::Without => "should have shown losses",
        Side::With => "should have lost nothing",
    };
    format!("step {label} {expected}: {summary}; {}", trace.headline)
}

/// Microseconds, to a tenth: finer is noise.
fn micros(duration: Duration) -> f64 {
    (duration.as_nanos() as f64 / 100.0).round() / 10.0
}
