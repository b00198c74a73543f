//! The book's page of orderings: made from a run, and held to the code between runs.

use std::fmt::Write;
use std::fs;

use crate::Result;
use crate::tally::Tally;

use super::find::Weakening;
use super::{Outcome, Row};

const PAGE: &str = "docs/src/orderings.md";

/// How to make the page.
const REMEDY: &str = "cargo xtask orderings --write";

const INTRODUCTION: &str = "\
# Every ordering, weakened

<!-- Made by `cargo xtask orderings --write`. -->

An atomic operation that is ordered too weakly works on most days. One that is ordered too strongly
costs time on every day. So each ordering here was weakened by one step, one at a time, and the
[models](verification.md) were run against the result. This table says which model refuted it.

One step is enough: what refutes a step refutes everything weaker. `Relaxed` has no step below it.
A weakening that no model refutes has a reviewed reason beside it.
";

/// What one row says before it says who caught it.
fn subject(weakening: &Weakening) -> String {
    let Weakening { function, operation, from, to, .. } = weakening;
    let operation = operation.replace('|', "\\|");
    format!("| `{function}` | `{operation}` | {from} → {to} |")
}

pub(super) fn write(rows: &[Row]) -> Result<()> {
    fs::write(PAGE, page(rows))?;
    println!("orderings: wrote {PAGE}");
    Ok(())
}

/// One failure if the page differs from what a run has found.
pub(super) fn compare(rows: &[Row]) -> Result<Tally> {
    if fs::read_to_string(PAGE)? == page(rows) {
        return Ok(Tally::PASSED);
    }
    println!("orderings: {PAGE} is not what this run has found: {REMEDY}");
    Ok(Tally::FAILED)
}

/// One failure if the page lacks an ordering of the code, or has one that the code has not.
pub(super) fn require_rows(weakenings: &[Weakening]) -> Result<Tally> {
    let page = fs::read_to_string(PAGE)?;
    let wanted = weakenings.iter().map(|weakening| (weakening.file.as_str(), subject(weakening)));
    if subjects(&page).into_iter().eq(wanted) {
        println!("orderings: {PAGE} has all {}", weakenings.len());
        return Ok(Tally::PASSED);
    }
    println!("orderings: {PAGE} is not about the orderings that the code has: {REMEDY}");
    Ok(Tally::FAILED)
}

/// The rows of a page: their file, and what stands before the last column.
fn subjects(page: &str) -> Vec<(&str, String)> {
    let mut file = "";
    let mut found = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## `").and_then(|rest| rest.strip_suffix('`')) {
            file = heading;
        } else if line.starts_with("| `")
            && let Some((rest, _)) = line.strip_suffix(" |").and_then(|row| row.rsplit_once("| "))
        {
            found.push((file, format!("{rest}|")));
        }
    }
    found
}

fn page(rows: &[Row]) -> String {
    let mut page = String::from(INTRODUCTION);
    let mut file = "";
    for row in rows {
        if file != row.weakening.file {
            file = &row.weakening.file;
            let head = "| function | operation | weakened | refuted by |\n|---|---|---|---|";
            let _ = write!(page, "\n## `{file}`\n\n{head}\n");
        }
        let by = match &row.outcome {
            Outcome::Caught(model) => format!("`{model}`"),
            Outcome::Missed { reason } => {
                format!("none: {}", reason.unwrap_or("nobody knows why, yet"))
            }
        };
        let _ = writeln!(page, "{} {by} |", subject(&row.weakening));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::super::find::weakenings;
    use super::{Outcome, Row, page, subject, subjects};

    #[test]
    fn a_page_is_read_as_it_was_written() {
        let rows: Vec<Row> = ["crates/a/src/x.rs", "crates/a/src/y.rs"]
            .into_iter()
            .flat_map(|path| weakenings(path, "fn f() { a.swap(1, Ordering::AcqRel); }\n"))
            .zip([
                Outcome::Caught("model".into()),
                Outcome::Missed { reason: None },
                Outcome::Missed { reason: Some("it is") },
                Outcome::Caught("other".into()),
            ])
            .map(|(weakening, outcome)| Row { weakening, outcome })
            .collect();
        let page = page(&rows);
        let read = subjects(&page);
        assert_eq!(read.len(), 4);
        let wanted = rows.iter().map(|row| (row.weakening.file.as_str(), subject(&row.weakening)));
        assert!(read.into_iter().eq(wanted), "{page}");
    }
}
