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

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::Result;
use crate::nursery::{Nursery, QUIET};
use crate::orderings::algorithms_of;
use crate::process::{cargo, is_installed, run as run_command, say};
use crate::tally::Tally;

use questions::{Questions, Round};

/// The crates whose code is mutated.
const PACKAGES: &[&str] = &["lockset-mutex", "lockset-semaphore"];

/// `cargo mutants` has found mutants that survive, or that hang.
const FOUND_SOME: &[i32] = &[2, 3];

/// Mutates every algorithm, or those whose path has the part after an `--only=`.
pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let only: Vec<_> = flags.iter().filter_map(|flag| flag.strip_prefix("--only=")).collect();
    let tally = mutate_all(|file| only.is_empty() || only.iter().any(|part| file.contains(part)))?;
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All of it, as a kind of test.
pub(crate) fn run_all() -> Result<Tally> {
    mutate_all(|_| true)
}

/// A passed one is a mutant that is killed or explained.
fn mutate_all(is_asked: impl Fn(&str) -> bool) -> Result<Tally> {
    ensure_installed()?;
    let nursery = Nursery::new()?;
    let mut tally = Tally::default();
    let mut survivors = Vec::new();
    let mut healthy = BTreeSet::new();
    for package in PACKAGES {
        for file in algorithms_of(package)?.iter().filter(|file| is_asked(file)) {
            let found = mutate(&nursery, package, file, &mut healthy)?;
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
    for stale in reviewed::stale(&survivors, is_asked) {
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
///
/// `healthy` are the rounds that have passed the code as it is, which is asked of each once.
fn mutate(
    nursery: &Nursery,
    package: &str,
    file: &str,
    healthy: &mut BTreeSet<String>,
) -> Result<Found> {
    let Questions { rounds, names } = questions::about(file);
    let out = nursery.target_dir.join("survivors");
    fs::create_dir_all(&out)?;
    let mut found = Found { killed: 0, survivors: vec![] };
    for (number, round) in rounds.iter().enumerate() {
        let the_same = if round.is_slow { reviewed::the_same_in(file) } else { vec![] };
        let (left_out, open): (Vec<_>, Vec<_>) = found
            .survivors
            .drain(..)
            .partition(|survivor| the_same.iter().any(|what| survivor.contains(what)));
        found.survivors = left_out;
        if number > 0 && open.is_empty() {
            continue;
        }
        let but = round.but.iter().map(|name| format!("--skip={name}"));
        let only = [names.as_slice(), round.only].concat().into_iter().map(Into::into);
        let tests: Vec<String> = only.chain(but).collect();
        let mut mutants = command(package, round);
        if !healthy.insert(format!("{mutants:?} {tests:?}")) {
            mutants.arg("--baseline=skip");
        }
        if number > 0 {
            mutants.arg("--iterate");
        }
        mutants.args(["--file", file]).arg("--output").arg(&out);
        mutants.args(the_same.iter().map(|what| format!("--exclude-re={}", escaped(what))));
        // After the first dashes, to `cargo test`; after the others, to the tests.
        mutants.args(["--", "--"]).args(tests);
        let answer = ask(nursery, mutants, &out.join("mutants.out"))
            .map_err(|error| format!("cargo-mutants could not try {file}: {error}"))?;
        found.killed += answer.killed;
        found.survivors.extend(answer.survivors);
    }
    Ok(found)
}

/// What is said of a round to cargo-mutants, whatever the file.
fn command(package: &str, round: &Round) -> Command {
    let mut mutants = Command::new("cargo-mutants");
    mutants.args(["mutants", "--in-place", "--all-features", "--package", package]);
    mutants.args(["--timeout", &round.limit.to_string(), "--no-shuffle", "--colors", "never"]);
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
    mutants
}

/// A regular expression for `text` itself.
fn escaped(text: &str) -> String {
    let one = |c: char| if r"\.+*?()|[]{}^$".contains(c) { format!(r"\{c}") } else { c.into() };
    text.chars().map(one).collect()
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
    use super::{escaped, without_place};

    #[test]
    fn a_place_is_no_part_of_a_mutant() {
        let line = "src/a.rs:66:9: replace <impl A for B>::c -> Option<D> with None";
        assert_eq!(
            without_place(line),
            "src/a.rs: replace <impl A for B>::c -> Option<D> with None"
        );
    }

    #[test]
    fn a_mutant_is_no_pattern() {
        assert_eq!(escaped("replace | with ^ in a"), r"replace \| with \^ in a");
    }
}
