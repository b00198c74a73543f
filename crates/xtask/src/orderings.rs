//! `cargo xtask orderings`: proof that every ordering is needed, or a reason why it is kept.
//!
//! Each ordering of a lock is weakened by one step, one at a time, in a copy of the shipped code,
//! and a loom model must refute the result. What no model refutes is either stronger than it has
//! to be or asked for by something that the models cannot see; which of the two is for a reviewer
//! to say, in [`reasons`], and a reason that has become untrue is an error, too.

mod find;
mod page;
mod reasons;

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

use crate::Result;
use crate::models::{PACKAGES, USUAL, Verdict, targets_of};
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

/// Weakens every ordering, or those in files whose path has the part after `--only=`.
///
/// `--write` puts the result into the book; without it, the book must have this result already.
pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let only = flags.iter().find_map(|flag| flag.strip_prefix("--only="));
    let (rows, mut tally) = try_all(only.unwrap_or_default())?;
    if flags.iter().any(|flag| flag == "--write") {
        page::write(&rows, &all_weakenings()?)?;
    } else {
        tally += page::compare(&rows)?;
    }
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All of it, as a kind of test.
pub(crate) fn run_all() -> Result<Tally> {
    let (rows, mut tally) = try_all("")?;
    tally += page::compare(&rows)?;
    Ok(tally)
}

/// Whether the book's table has a row for every ordering that there is; in a moment, as it tries
/// none of them.
pub(crate) fn page_is_complete() -> Result<Tally> {
    page::require_rows(&all_weakenings()?)
}

fn try_all(only: &str) -> Result<(Vec<Row>, Tally)> {
    let nursery = Nursery::new()?;
    let (mut rows, mut tally) = (Vec::new(), Tally::default());
    for package in PACKAGES {
        let mut weakenings = weakenings_of(package)?;
        weakenings.retain(|weakening| weakening.file.contains(only));
        if weakenings.is_empty() {
            continue;
        }
        let mut hunt = Hunt::new(&nursery, package)?;
        for weakening in weakenings {
            let (row, count) = hunt.judge(weakening);
            tally += count;
            rows.extend(row);
        }
        hunt.require_healthy()?;
    }
    if rows.is_empty() && tally.failed == 0 {
        return Err(format!("there is no ordering in any file like `{only}`").into());
    }
    for stale in reasons::stale(&rows, only) {
        println!("orderings: a reason that explains nothing any more: {stale}");
        tally += Tally::FAILED;
    }
    Ok((rows, tally))
}

fn all_weakenings() -> Result<Vec<Weakening>> {
    let mut all = Vec::new();
    for package in PACKAGES {
        all.extend(weakenings_of(package)?);
    }
    Ok(all)
}

fn weakenings_of(package: &str) -> Result<Vec<Weakening>> {
    let mut found = Vec::new();
    for path in algorithms_of(package)? {
        found.extend(find::weakenings(&path, &fs::read_to_string(&path)?));
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
    models: Vec<Model>,
    /// How many weakenings of a file a model has caught.
    caught: BTreeMap<(String, Model), usize>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Model {
    /// The test target that it is in.
    target: String,
    name: String,
}

impl<'a> Hunt<'a> {
    fn new(nursery: &'a Nursery, package: &'a str) -> Result<Self> {
        let mut models = Vec::new();
        for target in targets_of(package)? {
            let names = nursery.models(package, &target)?.names()?;
            models.extend(names.into_iter().map(|name| Model { target: target.clone(), name }));
        }
        Ok(Self { nursery, package, models, caught: BTreeMap::new() })
    }

    /// A model that fails without any weakening has proven nothing by failing with one.
    fn require_healthy(&self) -> Result<()> {
        let caught: BTreeSet<&Model> = self.caught.keys().map(|(_, model)| model).collect();
        for target in targets_of(self.package)? {
            let models = self.nursery.models(self.package, &target)?;
            for Model { name, .. } in caught.iter().filter(|model| model.target == target) {
                let verdict = models.run(name, &USUAL)?;
                if !matches!(verdict, Verdict::Holds) {
                    let word = verdict.word();
                    return Err(format!("{target} {name} without any weakening: {word}").into());
                }
            }
        }
        Ok(())
    }

    /// Tries a weakening and says so; no row if it could not be tried.
    fn judge(&mut self, weakening: Weakening) -> (Option<Row>, Tally) {
        let Weakening { file, line, function, operation, from, to, text } = &weakening;
        let nursery = self.nursery;
        let outcome = nursery.with_planted(file, text, || self.hunt(file)).map(|caught_by| {
            let missed = || Outcome::Missed { reason: reasons::find(&weakening) };
            caught_by.map_or_else(missed, |model| Outcome::Caught(model.name))
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

    /// The first model that refutes the code as it is now, beginning with the likeliest.
    ///
    /// A test target is built when its first model is tried, and most are not.
    fn hunt(&mut self, file: &str) -> Result<Option<Model>> {
        let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
        let mut models = self.models.clone();
        models.sort_by_key(|model| {
            let catches = self.caught.get(&(file.to_owned(), model.clone())).copied();
            let is_namesake = model.name.split("::").next() == stem;
            let is_similar = stem.is_some_and(|stem| model.name.contains(stem));
            Reverse((catches.unwrap_or(0), is_namesake, is_similar))
        });
        let mut built = BTreeMap::new();
        for model in models {
            let target = match built.entry(model.target.clone()) {
                Entry::Occupied(target) => target.into_mut(),
                Entry::Vacant(place) => {
                    place.insert(self.nursery.models(self.package, &model.target)?)
                }
            };
            if !matches!(target.run(&model.name, &USUAL)?, Verdict::Holds) {
                *self.caught.entry((file.to_owned(), model.clone())).or_default() += 1;
                return Ok(Some(model));
            }
        }
        Ok(None)
    }
}
