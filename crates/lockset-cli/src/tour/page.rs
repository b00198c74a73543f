//! The page: the story of the tour, with each step's numbers and swim lanes, in one file.

use std::fmt::{self, Display, Formatter};

use clap::ValueEnum;

use super::figures::Figures;
use super::report::Record;
use super::steps::{Side, Step};
use super::words::{count, money};

const STYLE: &str = include_str!("../../assets/page.css");

/// A page that needs nothing else: no scripts, no fonts, no pictures beside it.
pub(crate) fn page(records: &[Record]) -> String {
    Page(records).to_string()
}

struct Page<'r>(&'r [Record]);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Lockset: the tour</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <header>\n<h1>Locks that fail, and locks that hold</h1>\n{INTRODUCTION}</header>\n"
        )?;
        if self.0.is_empty() {
            return writeln!(f, "<p>The tour is still under way.</p>\n</body>\n</html>");
        }
        self.overview(f)?;
        writeln!(f, "<main>")?;
        let by_step = self.0.chunk_by(|one, next| one.step == next.step);
        by_step.into_iter().try_for_each(|parts| section(f, parts))?;
        writeln!(f, "</main>\n{READING}</body>\n</html>")
    }
}

const INTRODUCTION: &str = "\
<p>One ledger of payments, the same job at every step: read two balances, work out the new ones, \
write them back. Booked one after another, the payments leave each account with one certain \
balance. Here they were booked by many workers at once, under one kind of lock after another, \
first without the lock and then with it. Every number on this page was counted in this run, and \
every picture was drawn from its records.</p>\n";

const READING: &str = "\
<footer>\n<h2>How to read the pictures</h2>\n\
<p>Time runs from left to right, and each worker has a lane. A hatched bar is a wait, a full bar \
is the time inside the lock; where there was no lock, it is the time in which one was needed. \
Red marks what must not be: more inside than the lock allows, or a write that came too late. \
A dashed bar is a holder that has lost its lease and does not know it. The title is a checker's \
verdict on the whole record, also where the picture shows only a part of it; the record lies \
beside this page, as one event a line.</p>\n</footer>\n";

impl Page<'_> {
    /// The whole tour at a glance.
    fn overview(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "<table class=\"overview\">\n<thead><tr><th>Step</th><th>Part</th><th>What \
             happened</th></tr></thead>\n<tbody>"
        )?;
        for Record { step, title, summary, part, ok, .. } in self.0 {
            let class = tone(*part, *ok);
            let (step, summary) = (step.name(), escaped(summary));
            writeln!(
                f,
                "<tr><td><a href=\"#{step}\">{step}</a></td><td>{title}</td>\
                 <td class=\"{class}\">{summary}</td></tr>"
            )?;
        }
        writeln!(f, "</tbody>\n</table>")
    }
}

/// One step: its story, and its parts.
fn section(f: &mut Formatter<'_>, parts: &[Record]) -> fmt::Result {
    let Some(first) = parts.first() else { return Ok(()) };
    let (heading, story) = first.step.story();
    let nth = Step::value_variants().iter().take_while(|step| **step != first.step).count() + 1;
    writeln!(
        f,
        "<section id=\"{}\">\n<h2><span class=\"nth\">{nth}</span> {}</h2>\n<p>{}</p>",
        first.step.name(),
        escaped(heading),
        escaped(story),
    )?;
    parts.iter().try_for_each(|part| article(f, part))?;
    writeln!(f, "</section>")
}

/// One part: what happened in a sentence, in numbers and as a picture.
fn article(f: &mut Formatter<'_>, record: &Record) -> fmt::Result {
    let class = tone(record.part, record.ok);
    writeln!(
        f,
        "<article class=\"part\">\n<h3>{}</h3>\n<p class=\"summary {class}\">{}</p>\n<dl>",
        record.title,
        escaped(&record.summary)
    )?;
    for (name, value) in numbers(record.step, &record.figures) {
        writeln!(f, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
    }
    writeln!(f, "</dl>\n<p class=\"times\">{}</p>", escaped(&record.times()))?;
    writeln!(f, "<figure>\n{}</figure>\n</article>", record.svg)
}

/// The colour of a result: red for a loss, also for one that was to be shown.
fn tone(part: Side, ok: bool) -> &'static str {
    match (part, ok) {
        (Side::With, true) => "good",
        (Side::Without, true) => "bad",
        (_, false) => "bad unexpected",
    }
}

/// The figures that there are, with their names.
fn numbers(step: Step, figures: &Figures) -> Vec<(&'static str, String)> {
    let counted = |name, figure: Option<usize>| figure.map(|figure| (name, count(figure)));
    let rows = [
        counted("payments", figures.payments.filter(|_| step != Step::Remote)),
        counted("payments lost", figures.payments_lost),
        counted("jobs", figures.jobs),
        counted("jobs run twice", figures.jobs_run_twice),
        counted("jobs never run", figures.jobs_never_run),
        counted("calls allowed at once", figures.limit),
        counted("calls at once", figures.peak_concurrency),
        counted("calls refused", figures.refused),
        counted("accounts wrong", figures.accounts_out_of_balance),
        figures.cents_out_of_balance.map(|cents| ("out of balance", money(cents))),
        counted("stale writes accepted", figures.stale_writes_accepted),
        counted("stale writes refused", figures.stale_writes_refused),
        figures.ttl_ms.map(|ms| ("lease", format!("{ms} ms"))),
        figures.paused_ms.map(|ms| ("paused", format!("{ms} ms"))),
    ];
    rows.into_iter().flatten().collect()
}

/// Text for the content of an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
