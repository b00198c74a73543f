//! `cargo xtask mutants`: proof that the models can fail.
//!
//! A model that passes may have proven its claim, or may have forgotten to ask. So each entry
//! of the table plants one well-known bug in a copy of the shipped code, and the model that
//! claims to exclude this bug must refute it there. The tables are in `mutants/`, one for each
//! area.

use std::collections::BTreeSet;
use std::process::ExitCode;

use crate::Result;
use crate::models::{USUAL, Verdict};
use crate::nursery::Nursery;
use crate::side_by_side::{processors, side_by_side};
use crate::tally::Tally;

mod condvar;
mod file;
mod instructions;
mod ladder;
mod many_threads;
mod quorum;
mod raw;
mod semaphore;
mod semaphore_ladder;

pub(crate) use instructions::{plant_regressions, with_fence_in_unlock};

/// The bugs of one area, and where its models are.
struct Area {
    /// The crate whose tests have the models.
    package: &'static str,
    /// The test target.
    target: &'static str,
    mutants: &'static [Mutant],
}

/// One bug, as a textual edit of the code that ships.
struct Mutant {
    /// The bug, as one would name it in a conversation.
    name: &'static str,
    /// The file to edit, from the workspace's root.
    file: &'static str,
    /// The text to replace; it occurs exactly once in the file.
    from: &'static str,
    /// The text that takes its place, and compiles.
    to: &'static str,
    /// The model that must find the bug.
    test: &'static str,
}

/// Every bug that a model here claims to exclude.
const AREAS: &[Area] = &[
    condvar::WAITING,
    file::EXCLUSION,
    file::GIVING_UP,
    file::TURNS,
    file::MANY_THREADS,
    ladder::LADDER,
    many_threads::MANY_THREADS,
    quorum::EXCLUSION,
    quorum::GIVING_UP,
    raw::EXCLUSION,
    raw::GIVING_UP,
    raw::ORDER,
    semaphore::EXCLUSION,
    semaphore::GIVING_UP,
    semaphore::CLOSING,
    semaphore::LIMIT,
    semaphore::ORDER,
    semaphore::TASKS,
    semaphore_ladder::LADDER,
    semaphore_ladder::MANY_THREADS,
];

/// Plants every mutant, or those of packages whose name has the part after `--only=`.
pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let only = flags.iter().find_map(|flag| flag.strip_prefix("--only="));
    let tally = plant_all(only.unwrap_or_default())?;
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All of them, as a kind of test.
pub(crate) fn run_all() -> Result<Tally> {
    plant_all("")
}

/// A passed one is a mutant that its model caught.
fn plant_all(only: &str) -> Result<Tally> {
    let areas: Vec<&Area> = AREAS.iter().filter(|area| area.package.contains(only)).collect();
    if areas.is_empty() {
        return Err(format!("no package like `{only}` has mutants").into());
    }
    let nurseries = Nursery::several(processors())?;
    for healthy in side_by_side(nurseries.iter().collect(), &areas, |nursery, area| {
        require_healthy_models(nursery, area).map_err(|error| error.to_string())
    }) {
        healthy?;
    }
    let mutants: Vec<(&Area, &Mutant)> = areas
        .iter()
        .flat_map(|area| area.mutants.iter().map(move |mutant| (*area, mutant)))
        .collect();
    let tallies =
        side_by_side(nurseries, &mutants, |nursery, (area, mutant)| judge(nursery, area, mutant));
    Ok(tallies.into_iter().sum())
}

/// A model that fails without the bug proves nothing by failing with it.
fn require_healthy_models(nursery: &Nursery, area: &Area) -> Result<()> {
    let Area { package, target, mutants } = area;
    let models = nursery.models(package, target)?;
    let names: BTreeSet<_> = models.names()?.into_iter().collect();
    let tests: BTreeSet<_> = mutants.iter().map(|mutant| mutant.test).collect();
    for test in tests {
        if !names.contains(test) {
            return Err(format!("{package} has no model `{test}` in {target}").into());
        }
        let verdict = models.run(test, &USUAL)?;
        if !matches!(verdict, Verdict::Holds) {
            let word = verdict.word();
            return Err(format!("{package} {test} without any mutant: {word}").into());
        }
    }
    Ok(())
}

fn judge(nursery: &Nursery, area: &Area, mutant: &Mutant) -> Tally {
    let (word, count) = match plant(nursery, area, mutant) {
        Ok(Verdict::Holds) => ("SURVIVED".into(), Tally::FAILED),
        Ok(Verdict::Refuted { .. }) => ("caught by".into(), Tally::PASSED),
        Ok(Verdict::TimedOut) => ("caught, as it hangs, by".into(), Tally::PASSED),
        // A bug that could not be planted has not been caught.
        Err(error) => (format!("ERROR: {error}; not tried on"), Tally::FAILED),
    };
    let Mutant { name, test, .. } = mutant;
    println!("mutant `{name}` ... {word} {} {} {test}", area.package, area.target);
    count
}

fn plant(nursery: &Nursery, area: &Area, mutant: &Mutant) -> Result<Verdict> {
    let Mutant { file, from, to, test, .. } = mutant;
    let healthy = nursery.read(file)?;
    let count = healthy.matches(from).count();
    if count != 1 {
        return Err(format!("it has rotted: `{from}` occurs {count} times in {file}").into());
    }
    let build = || nursery.models(area.package, area.target);
    nursery.with_planted(file, &healthy.replace(from, to), build)?.run(test, &USUAL)
}
