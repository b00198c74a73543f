//! The page: every figure as a picture, in one file that needs nothing else.
//!
//! No script, no font, no picture beside it; light or dark as the reader's system is.

mod lines;
mod plots;
mod spans;

use std::fmt::Write;

use crate::base::Yardsticks;
use crate::report::Report;
use crate::table::{pairs, table};
use crate::units::{digits, short, time};

const STYLE: &str = include_str!("../assets/page.css");

/// The page of a run; `against` as in [`table`].
#[must_use]
pub fn page(report: &Report, against: Option<&str>) -> String {
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Lockset: the comparison</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>Every lock beside its rivals</h1>\n{}{KEY}</header>\n<main>\n",
        about(report)
    );
    progression(&mut text, report);
    for primitive in report.primitives() {
        let _ = writeln!(text, "<section id=\"{primitive}\">\n<h2>{}</h2>", primitive.plural());
        for lock in report.of(primitive) {
            if let Some(fault) = &lock.fault {
                let (name, fault) = (escaped(&lock.name), escaped(&fault.to_string()));
                let _ = writeln!(text, "<p class=\"fault\"><strong>{name}</strong>: {fault}</p>");
            }
        }
        text += &plots::of(report, primitive);
        text += "</section>\n";
    }
    let _ = write!(
        text,
        "<section id=\"figures\">\n<h2>The figures</h2>\n<pre>{}</pre>\n</section>\n</main>\n\
         <footer>{}</footer>\n</body>\n</html>\n",
        escaped(&table(report, against)),
        versions(report)
    );
    text
}

const KEY: &str = "\
<p>Everything was measured in interleaved rounds, each in a process of its own and in another \
order, and every lock was checked while it was measured: a counter that had to be exact, holds \
that must not overlap. <span class=\"ours\">This colour</span> is Lockset, \
<span class=\"rival\">this</span> is what people would otherwise pick, \
<span class=\"bare\">this</span> is what any such lock must at least do. Two of each kind are the \
same lock twice: what lies between those two is noise.</p>\n";

fn about(report: &Report) -> String {
    let machine = &report.machine;
    let (kind, warning) = match (report.quick, machine.is_optimised) {
        (_, false) => (
            "Unoptimised",
            "<p class=\"fault\">Built without optimisations: these \
                                       figures say nothing.</p>\n",
        ),
        (true, _) => ("Quick", ""),
        (false, _) => ("Full", ""),
    };
    format!(
        "<p class=\"about\">{kind} run of {} rounds in {:.0} s, seed {}, on {} processors of {}, \
         {}, with a load of {} at the start.</p>\n{warning}",
        report.rounds,
        report.seconds,
        report.seed,
        machine.processors,
        escaped(&machine.processor),
        escaped(&machine.kernel),
        machine.load,
    )
}

/// The whole way from the mutex to the quorum, in one picture.
fn progression(text: &mut String, report: &Report) {
    let yardsticks = Yardsticks::of(report);
    let rows = pairs(report).into_iter().map(|(lock, ns)| {
        let mutexes = yardsticks.mutexes(ns).map(|n| format!(" · {} mutexes", short(n)));
        let trips = yardsticks.round_trips(lock, ns);
        let trips = trips.map(|n| format!(" · {} RTT", digits(n)));
        let figures = [mutexes, trips].into_iter().flatten().collect::<String>();
        spans::Span {
            label: lock.id(),
            class: plots::class(lock.origin),
            low: ns,
            middle: ns,
            high: ns,
            longest: None,
            words: format!("{}{figures}", time(ns)),
        }
    });
    let plot = spans::Plot {
        id: "progression",
        title: "The progression: an uncontended pair of lock and unlock".to_owned(),
        scale: spans::Scale::Time,
        rows: rows.collect(),
    };
    let _ = writeln!(
        text,
        "<section id=\"all\">\n<h2>From nanoseconds to milliseconds</h2>\n<p>What a lock costs \
         when nobody else wants it, on a logarithmic scale: each grid line is ten times the one \
         before. The same row of the same table for all of them. <em>RTT</em> is a bare round trip \
         to the same server.</p>\n{}</section>",
        plot.draw()
    );
}

fn versions(report: &Report) -> String {
    let machine = &report.machine;
    let versions = escaped(&machine.versions.join(" · "));
    format!("<p>{}</p>\n<p>{versions}</p>\n", escaped(&machine.rustc))
}

/// Text for the content of an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
