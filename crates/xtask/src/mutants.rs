//! `cargo xtask mutants`: proof that the loom models can fail.
//!
//! A model that passes may have proven its claim, or may have forgotten to ask. So each entry
//! of the table plants one well-known bug in a copy of the shipped code, and the model that
//! claims to exclude this bug must refute it there. The tables are in `mutants/`, one for each
//! area.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::Result;
use crate::models::{Models, USUAL, Verdict};
use crate::process::{files_of_the_tree, target_dir};
use crate::tally::Tally;

mod ladder;
mod semaphore;

/// The bugs of one area, and where its models are.
struct Area {
    /// The crate whose loom test has the models.
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

/// A bug may leave an import or a function unused; that is not what it is here for.
const QUIET: &str = "-A warnings";

/// Every bug that a model here claims to exclude.
const AREAS: &[Area] = &[ladder::LADDER, semaphore::SEMAPHORE];

pub(crate) fn run() -> Result<ExitCode> {
    let tally = run_all()?;
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plants every mutant in turn; a passed one is a mutant that its model caught.
pub(crate) fn run_all() -> Result<Tally> {
    let nursery = Nursery::new()?;
    nursery.require_healthy_models()?;
    let mut tally = Tally::default();
    for area in AREAS {
        for mutant in area.mutants {
            tally += nursery.try_on(area, mutant);
        }
    }
    Ok(tally)
}

/// A copy of the workspace, in which bugs do no harm.
struct Nursery {
    tree: PathBuf,
    /// Not the workspace's own: cargo gives a crate the same artifacts in every copy of its
    /// workspace, so a mutant built there would be taken for the healthy crate afterwards.
    target_dir: PathBuf,
}

impl Nursery {
    fn new() -> Result<Self> {
        let base = target_dir()?.join("mutants");
        let nursery = Self { tree: base.join("tree"), target_dir: base.join("target") };
        if nursery.tree.exists() {
            fs::remove_dir_all(&nursery.tree)?;
        }
        copy_the_tree(&nursery.tree)?;
        Ok(nursery)
    }

    /// A model that fails without the bug proves nothing by failing with it.
    fn require_healthy_models(&self) -> Result<()> {
        for area in AREAS {
            let models = self.build(area)?;
            let names: BTreeSet<_> = models.names()?.into_iter().collect();
            let tests: BTreeSet<_> = area.mutants.iter().map(|mutant| mutant.test).collect();
            for test in tests {
                let Area { package, target, .. } = area;
                if !names.contains(test) {
                    return Err(format!("{package} has no model `{test}` in {target}").into());
                }
                let verdict = models.run(test, &USUAL)?;
                if !matches!(verdict, Verdict::Holds) {
                    let word = verdict.word();
                    return Err(format!("{package} {test} without any mutant: {word}").into());
                }
            }
        }
        Ok(())
    }

    fn try_on(&self, area: &Area, mutant: &Mutant) -> Tally {
        let (word, count) = match self.run(area, mutant) {
            Ok(Verdict::Holds) => ("SURVIVED".into(), Tally::FAILED),
            Ok(Verdict::Refuted { .. }) => ("caught by".into(), Tally::PASSED),
            Ok(Verdict::TimedOut) => ("caught, as it hangs, by".into(), Tally::PASSED),
            // A bug that could not be planted has not been caught.
            Err(error) => (format!("ERROR: {error}; not tried on"), Tally::FAILED),
        };
        let Mutant { name, test, .. } = mutant;
        println!("mutant `{name}` ... {word} {} {test}", area.package);
        count
    }

    fn run(&self, area: &Area, mutant: &Mutant) -> Result<Verdict> {
        let path = self.tree.join(mutant.file);
        let healthy = fs::read_to_string(&path)?;
        let count = healthy.matches(mutant.from).count();
        if count != 1 {
            let Mutant { from, file, .. } = mutant;
            return Err(format!("it has rotted: `{from}` occurs {count} times in {file}").into());
        }
        fs::write(&path, healthy.replace(mutant.from, mutant.to))?;
        let models = self.build(area);
        fs::write(&path, healthy)?;
        models?.run(mutant.test, &USUAL)
    }

    fn build(&self, area: &Area) -> Result<Models> {
        Models::build(area.package, area.target, &self.tree, &self.target_dir, QUIET)
    }
}

fn copy_the_tree(to: &Path) -> Result<()> {
    for file in files_of_the_tree()? {
        let copy = to.join(&file);
        fs::create_dir_all(copy.parent().unwrap_or(to))?;
        fs::copy(&file, &copy)?;
    }
    Ok(())
}
