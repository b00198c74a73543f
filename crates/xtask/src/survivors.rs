//! `cargo xtask survivors`: what a lock may do wrong without a loom model seeing it.
//!
//! The [mutants](crate::mutants) are bugs that somebody thought of. Here `cargo mutants` thinks of
//! them: it replaces functions by constants, operators by others, and takes match arms away. What
//! survives the models is either no bug or a question that they do not ask; which of the two, is
//! for a reviewer to say, in [`reviewed`], and a review that has become untrue is an error, too.
//!
//! A model that deadlocks aborts its process, and one that hangs is stopped: both are kills.

mod questions;
mod reviewed;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::Result;
use crate::nursery::{Nursery, QUIET};
use crate::orderings::algorithms_of;
use crate::process::{cargo, is_installed, run as run_command, say};
use crate::tally::Tally;

use questions::Questions;

/// The crates whose code is mutated.
const PACKAGES: &[&str] = &["lockset-mutex", "lockset-semaphore"];

/// `cargo mutants` has found mutants that survive, or that hang.
const FOUND_SOME: &[i32] = &[2, 3];

/// Mutates every algorithm, or those whose path has the part after `--only=`.
pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let only = flags.iter().find_map(|flag| flag.strip_prefix("--only="));
    let tally = mutate_all(only.unwrap_or_default())?;
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All of it, as a kind of test.
pub(crate) fn run_all() -> Result<Tally> {
    mutate_all("")
}

/// A passed one is a mutant that is killed or explained.
fn mutate_all(only: &str) -> Result<Tally> {
    ensure_installed()?;
    let nursery = Nursery::new()?;
    let mut tally = Tally::default();
    let mut survivors = Vec::new();
    for package in PACKAGES {
        for file in algorithms_of(package)?.iter().filter(|file| file.contains(only)) {
            let found = mutate(&nursery, package, file)?;
            tally.passed += found.killed;
            survivors.extend(found.survivors);
        }
    }
    for survivor in &survivors {
        let (word, count) = match reviewed::find(survivor) {
            Some(why) => (format!("lives: {why}"), Tally::PASSED),
            None => ("SURVIVED, and nobody says why".into(), Tally::FAILED),
        };
        println!("survivor {survivor} ... {word}");
        tally += count;
    }
    for stale in reviewed::stale(&survivors, only) {
        println!("survivors: a review that is untrue by now: {stale}");
        tally += Tally::FAILED;
    }
    Ok(tally)
}

fn ensure_installed() -> Result<()> {
    if is_installed("cargo-mutants") {
        return Ok(());
    }
    println!("cargo-mutants is missing; to be installed, which takes a minute or two");
    run_command(&mut cargo(&["install", "cargo-mutants", "--locked"]))
}

/// What became of the mutants of one file.
struct Found {
    killed: u32,
    survivors: Vec<String>,
}

/// Asks one round of questions after the other, each about what the earlier ones have missed.
fn mutate(nursery: &Nursery, package: &str, file: &str) -> Result<Found> {
    let Questions { rounds, names } = questions::about(file);
    let out = nursery.target_dir.join("survivors");
    fs::create_dir_all(&out)?;
    let mut found = Found { killed: 0, survivors: vec![] };
    for (number, round) in rounds.iter().enumerate() {
        let mut mutants = Command::new("cargo-mutants");
        mutants.args(["mutants", "--in-place", "--all-features", "--package", package]);
        mutants.args([
            "--file",
            file,
            "--timeout",
            &round.limit.to_string(),
            "--no-shuffle",
            "--colors",
            "never",
        ]);
        if number > 0 {
            mutants.arg("--iterate");
        }
        if let Some(checker) = round.side.checker() {
            mutants
                .args(["--profile", "release"])
                .env("RUSTFLAGS", format!("--cfg {checker} {QUIET}"))
                // Of a mutant, little but its own function has to be built.
                .env("CARGO_PROFILE_RELEASE_INCREMENTAL", "true");
        } else {
            mutants.env("RUSTFLAGS", QUIET);
        }
        // To what is tested, and to what is built.
        mutants.args(round.targets.iter().map(|target| format!("--cargo-arg={target}")));
        mutants.arg("--output").arg(&out);
        // After the first dashes, to `cargo test`; after the others, to the tests.
        mutants.args(["--", "--"]).args(&names).args(round.but);
        let round = ask(nursery, mutants, &out.join("mutants.out"))
            .map_err(|error| format!("cargo-mutants could not try {file}: {error}"))?;
        found.killed += round.killed;
        found.survivors = round.survivors;
        if found.survivors.is_empty() {
            break;
        }
    }
    Ok(found)
}

fn ask(nursery: &Nursery, mut mutants: Command, out: &Path) -> Result<Found> {
    say(&mutants);
    mutants.current_dir(&nursery.tree).env("CARGO_TARGET_DIR", &nursery.target_dir);
    let status = mutants.status()?;
    if !status.success() && !status.code().is_some_and(|code| FOUND_SOME.contains(&code)) {
        return Err(status.to_string().into());
    }
    let read = |list: &str| fs::read_to_string(out.join(list));
    let (caught, hung, missed) = (read("caught.txt")?, read("timeout.txt")?, read("missed.txt")?);
    // The next round leaves out what was caught; but what hung has been found as well.
    fs::write(out.join("caught.txt"), format!("{caught}{hung}"))?;
    let killed = caught.lines().count() + hung.lines().count();
    Ok(Found { killed: killed.try_into()?, survivors: missed.lines().map(without_place).collect() })
}

/// `file:line:column: what` without line and column, which change with every edit.
fn without_place(line: &str) -> String {
    let mut parts = line.splitn(4, ':');
    let file = parts.next().unwrap_or_default();
    let what = parts.nth(2).unwrap_or_default().trim();
    format!("{file}: {what}")
}

#[cfg(test)]
mod tests {
    use super::without_place;

    #[test]
    fn a_place_is_no_part_of_a_mutant() {
        let line = "src/a.rs:66:9: replace <impl A for B>::c -> Option<D> with None";
        assert_eq!(
            without_place(line),
            "src/a.rs: replace <impl A for B>::c -> Option<D> with None"
        );
    }
}
