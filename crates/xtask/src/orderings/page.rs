//! The book's page of orderings: made from a run, and held to the code between runs.

use std::collections::BTreeMap;
use std::fs;

use crate::Result;
use crate::tally::Tally;

use super::find::Weakening;
use super::{Outcome, Row};

const PAGE: &str = "docs/src/orderings.md";

/// How to make the page.
const REMEDY: &str = "cargo xtask orderings --write";

/// What comes before the name of a file that the following rows are about.
const HEADING: &str = "\n## `";

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

/// Puts the rows into the page, and leaves the files that they are not about as they are there.
///
/// `all` has every ordering of the code; a file that has none any more is left out.
pub(super) fn write(rows: &[Row], all: &[Weakening]) -> Result<()> {
    let old = fs::read_to_string(PAGE).unwrap_or_default();
    let (mut sections, new) = (sections_of(&old), sections(rows));
    sections.extend(new.iter().map(|(file, section)| (file.as_str(), section.as_str())));
    let mut files: Vec<&str> = all.iter().map(|weakening| weakening.file.as_str()).collect();
    files.dedup();
    let kept: String = files.iter().filter_map(|file| sections.get(file).copied()).collect();
    fs::write(PAGE, format!("{INTRODUCTION}{kept}"))?;
    println!("orderings: wrote {PAGE}");
    Ok(())
}

/// One failure if the page has other sections than a run has found, for the files of that run.
pub(super) fn compare(rows: &[Row]) -> Result<Tally> {
    let page = fs::read_to_string(PAGE)?;
    let kept = sections_of(&page);
    let new = sections(rows);
    let differs =
        |(file, section): (&String, &String)| kept.get(file.as_str()) != Some(&section.as_str());
    let differing: Vec<_> = new.iter().filter(|row| differs(*row)).map(|(file, _)| file).collect();
    if differing.is_empty() {
        return Ok(Tally::PASSED);
    }
    println!("orderings: {PAGE} is not what this run has found: {differing:?}: {REMEDY}");
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
    let mut found = Vec::new();
    for (file, section) in in_order(page) {
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let before_last = |row: &str| Some(row.strip_suffix(" |")?.rsplit_once("| ")?.0.to_owned());
        found.extend(rows.filter_map(before_last).map(|row| (file, format!("{row}|"))));
    }
    found
}

/// The sections of a page, by file.
fn sections_of(page: &str) -> BTreeMap<&str, &str> {
    in_order(page).collect()
}

/// The sections of a page and their files, each section with its heading.
fn in_order(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts: Vec<usize> = page.match_indices(HEADING).map(|(at, _)| at).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([page.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|(start, end)| {
        let section = &page[start..end];
        Some((section.strip_prefix(HEADING)?.split('`').next()?, section))
    })
}

/// The section that each file gets.
fn sections(rows: &[Row]) -> BTreeMap<String, String> {
    let mut sections = BTreeMap::new();
    for Row { weakening, outcome } in rows {
        let section = sections.entry(weakening.file.clone()).or_insert_with(|| {
            let head = "| function | operation | weakened | refuted by |\n|---|---|---|---|";
            format!("{HEADING}{}`\n\n{head}\n", weakening.file)
        });
        let by = match outcome {
            Outcome::Caught(model) => format!("`{model}`"),
            Outcome::Missed { reason: Some(reason) } => format!("none: {reason}"),
            Outcome::Missed { reason: None } => "none, and nobody knows why".into(),
        };
        *section += &format!("{} {by} |\n", subject(weakening));
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::super::find::weakenings;
    use super::{INTRODUCTION, Outcome, Row, sections, sections_of, subject, subjects};

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
        let written = sections(&rows);
        let page =
            format!("{INTRODUCTION}{}", written.values().map(String::as_str).collect::<String>());
        let wanted = rows.iter().map(|row| (row.weakening.file.as_str(), subject(&row.weakening)));
        assert!(subjects(&page).into_iter().eq(wanted), "{page}");
        let read = sections_of(&page).into_iter();
        assert!(read.eq(written.iter().map(|(file, section)| (file.as_str(), section.as_str()))));
        assert_eq!(rows.len(), 4);
    }
}
