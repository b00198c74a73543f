//! `cargo xtask orderings`: proof that every ordering is needed, or a reason why it is kept.
//!
//! Each ordering of a lock is weakened by one step, one at a time, in a copy of the shipped code,
//! and a loom model must refute the result. What no model refutes is either stronger than it has
//! to be or asked for by something that the models cannot see; which of the two is for a reviewer
//! to say, in [`reasons`], and a reason that has become untrue is an error, too.

mod find;
mod page;
mod reasons;

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::Result;
use crate::models::{Models, PACKAGES, USUAL, Verdict};
use crate::nursery::Nursery;
use crate::process::files_of_the_tree;
use crate::tally::Tally;

use find::Weakening;
pub(crate) use find::without_releases;

/// What became of one weakened ordering.
struct Row {
    weakening: Weakening,
    outcome: Outcome,
}

enum Outcome {
    /// By the model of this name.
    Caught(String),
    Missed {
        reason: Option<&'static str>,
    },
}

/// Weakens every ordering of the package, or of all packages with models.
///
/// `--write` puts the table into the book; without it, the book's table must be this one.
pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let package = flags.iter().find_map(|flag| flag.strip_prefix("--package="));
    let packages = PACKAGES.iter().copied().filter(|name| package.is_none_or(|only| only == *name));
    let (rows, mut tally) = try_all(&packages.collect::<Vec<_>>())?;
    if flags.iter().any(|flag| flag == "--write") {
        page::write(&rows)?;
    } else if package.is_none() {
        tally += page::compare(&rows)?;
    }
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All of it, as a kind of test.
pub(crate) fn run_all() -> Result<Tally> {
    let (rows, mut tally) = try_all(PACKAGES)?;
    tally += page::compare(&rows)?;
    Ok(tally)
}

/// Whether the book's table has a row for every ordering that there is; in a moment, as it tries
/// none of them.
pub(crate) fn page_is_complete() -> Result<Tally> {
    let mut all = Vec::new();
    for package in PACKAGES {
        all.extend(weakenings_of(package)?);
    }
    page::require_rows(&all)
}

fn try_all(packages: &[&str]) -> Result<(Vec<Row>, Tally)> {
    let nursery = Nursery::new()?;
    let (mut rows, mut tally) = (Vec::new(), Tally::default());
    for package in packages {
        let weakenings = weakenings_of(package)?;
        if weakenings.is_empty() {
            println!("orderings: {package} has none outside of its seam");
            continue;
        }
        let mut hunt = Hunt::new(&nursery, package)?;
        for weakening in weakenings {
            let (row, count) = hunt.judge(weakening);
            tally += count;
            rows.extend(row);
        }
    }
    for stale in reasons::stale(&rows, packages) {
        println!("orderings: a reason that explains nothing any more: {stale}");
        tally += Tally::FAILED;
    }
    Ok((rows, tally))
}

fn weakenings_of(package: &str) -> Result<Vec<Weakening>> {
    let mut found = Vec::new();
    for path in algorithms_of(package)? {
        found.extend(find::weakenings(&path, &std::fs::read_to_string(&path)?));
    }
    Ok(found)
}

/// The sources of a crate without its seam, which the models replace by one of their own.
pub(crate) fn algorithms_of(package: &str) -> Result<Vec<String>> {
    let src = format!("crates/{package}/src/");
    let paths = files_of_the_tree()?.into_iter().map(|path| path.to_string_lossy().into_owned());
    let is_algorithm = |path: &String| {
        let module = path.strip_prefix(&src).and_then(|path| path.strip_suffix(".rs"));
        module.is_some_and(|module| module != "sync" && !module.starts_with("sync/"))
    };
    Ok(paths.filter(is_algorithm).collect())
}

/// The models of one package, and what they have caught so far.
struct Hunt<'a> {
    nursery: &'a Nursery,
    package: &'a str,
    names: Vec<String>,
    /// How many weakenings of a file a model has caught.
    caught: BTreeMap<(String, String), usize>,
}

impl<'a> Hunt<'a> {
    /// A model that fails without any weakening proves nothing by failing with it.
    fn new(nursery: &'a Nursery, package: &'a str) -> Result<Self> {
        let models = nursery.models(package)?;
        let names = models.names()?;
        for name in &names {
            let verdict = models.run(name, &USUAL)?;
            if !matches!(verdict, Verdict::Holds) {
                let word = verdict.word();
                return Err(format!("{package} {name} as it is: {word}").into());
            }
        }
        Ok(Self { nursery, package, names, caught: BTreeMap::new() })
    }

    /// Tries a weakening and says so; no row if it could not be tried.
    fn judge(&mut self, weakening: Weakening) -> (Option<Row>, Tally) {
        let Weakening { file, line, function, operation, from, to, text } = &weakening;
        let models = self.nursery.with_planted(file, text, || self.nursery.models(self.package));
        let outcome = models.and_then(|models| self.hunt(&models, file)).map(|caught_by| {
            let missed = || Outcome::Missed { reason: reasons::find(&weakening) };
            caught_by.map_or_else(missed, Outcome::Caught)
        });
        let (word, count) = match &outcome {
            Ok(Outcome::Caught(model)) => (format!("caught by {model}"), Tally::PASSED),
            Ok(Outcome::Missed { reason: Some(reason) }) => {
                (format!("not caught: {reason}"), Tally::PASSED)
            }
            Ok(Outcome::Missed { reason: None }) => {
                ("NOT CAUGHT, and nobody says why".into(), Tally::FAILED)
            }
            Err(error) => (format!("ERROR: {error}"), Tally::FAILED),
        };
        println!("{file}:{line} {function}: {operation}: {from} -> {to} ... {word}");
        (outcome.ok().map(|outcome| Row { weakening, outcome }), count)
    }

    /// The first model that refutes the code, beginning with the likeliest.
    fn hunt(&mut self, models: &Models, file: &str) -> Result<Option<String>> {
        let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
        let mut names: Vec<String> = self.names.clone();
        names.sort_by_key(|name| {
            let catches = self.caught.get(&(file.to_owned(), name.clone())).copied();
            let is_namesake = stem.is_some_and(|stem| name.contains(stem));
            std::cmp::Reverse((catches.unwrap_or(0), is_namesake))
        });
        for name in names {
            if !matches!(models.run(&name, &USUAL)?, Verdict::Holds) {
                *self.caught.entry((file.to_owned(), name.clone())).or_default() += 1;
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}
