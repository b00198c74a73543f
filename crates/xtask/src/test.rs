//! `cargo xtask test`: every test of every kind, and one line at the end that says how it went.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::Result;
use crate::models::Depth;
use crate::process::{cargo, say};
use crate::side_by_side::processors;
use crate::tally::Tally;
use crate::{instructions, models, mutants, orderings, packages, rivals, survivors, tsan};

/// Runs all tests of one kind; an error is a kind that could not be run.
type Stage = fn(&Depth) -> Result<Tally>;

/// How much is tested.
pub(crate) struct Extent {
    depth: &'static Depth,
    /// The kinds of tests that are too slow for every day.
    slow: &'static [(&'static str, Stage)],
}

/// What every change is put through.
pub(crate) const USUAL: Extent = Extent { depth: &models::USUAL, slow: &[] };
/// What is worth an hour or two now and then.
pub(crate) const DEEP: Extent = Extent { depth: &models::DEEP, slow: SLOW };

/// The kinds of tests, from the fastest answer to the slowest.
const STAGES: &[(&str, Stage)] = &[
    ("tests", |_| tests()),
    ("tests of the waiting without a futex", |_| portable_tests()),
    ("page of the orderings", |_| orderings::page_is_complete()),
    ("shuttle", |_| shuttle_models()),
    ("ThreadSanitizer", |_| tsan::run_all()),
    ("loom models", models::run_all),
    ("mutants", |_| mutants::run_all()),
];

/// How many tests run at once, on each processor.
const PER_PROCESSOR: usize = 2;

const SLOW: &[(&str, Stage)] = &[
    ("models of protocols, to their end", |_| deep_protocols()),
    ("more seeds of the simulation", |_| more_seeds()),
    ("instructions", |_| instructions::run_all()),
    ("orderings", |_| orderings::run_all()),
    ("survivors", |_| survivors::run_all()),
];

/// Runs every stage, also after a failure, so that one run shows all there is to repair.
pub(crate) fn run(extent: &Extent) -> Result<ExitCode> {
    packages::ensure(packages::FOR_BUILDS)?;
    packages::ensure(packages::SERVERS)?;
    packages::ensure(packages::FOR_TESTS)?;
    let mut total = Tally::default();
    let mut summary = String::new();
    for (name, stage) in STAGES.iter().chain(extent.slow) {
        let start = Instant::now();
        let tally = stage(extent.depth).unwrap_or_else(|error| {
            eprintln!("xtask: {name}: {error}");
            Tally::FAILED
        });
        let word = if tally.failed == 0 { "ok" } else { "FAILED" };
        let seconds = start.elapsed().as_secs();
        summary += &format!("{name} ... {word} ({tally}; {seconds} s)\n");
        total += tally;
    }
    println!("\n{summary}{total}");
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tests() -> Result<Tally> {
    let mut cargo = cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
    // Most of them wait nearly all the time: for a TTL to run out, for a killed server to be back.
    let threads = PER_PROCESSOR * processors();
    cargo.env("RUST_TEST_THREADS", threads.to_string());
    count(cargo.args(["--exclude", rivals::PACKAGE]))
}

fn portable_tests() -> Result<Tally> {
    let mut cargo = cargo(&["test", "--no-fail-fast", "--package", "lockset-sync"]);
    cargo.args(models::PACKAGES.iter().flat_map(|package| ["--package", package]));
    count(cargo.env("RUSTFLAGS", "--cfg lockset_portable"))
}

/// The models of many threads. A deadlock is a panic here, so one process a target will do for all.
fn shuttle_models() -> Result<Tally> {
    let mut cargo = cargo(&["test", "--release", "--test", "shuttle*", "--no-fail-fast"]);
    cargo.args(models::PACKAGES.iter().flat_map(|package| ["--package", package]));
    count(cargo.env("RUSTFLAGS", "--cfg lockset_shuttle"))
}

/// The models of protocols, the largest of which the usual tests explore in part.
fn deep_protocols() -> Result<Tally> {
    let mut cargo = cargo(&["test", "--package", "lockset-models", "--no-fail-fast"]);
    count(cargo.args(["--", "--nocapture"]).env("LOCKSET_DEEPER", "1"))
}

/// More histories of the simulated network; the usual tests run some hundred of them.
fn more_seeds() -> Result<Tally> {
    let mut cargo = cargo(&["test", "--package", "lockset-seeds", "--test", "seeds"]);
    count(cargo.args(["--", "--nocapture", "all_seeds"]).env("LOCKSET_SEEDS", "5000"))
}

/// Runs `cargo test`, shows what it prints as it prints it, and adds up its results.
fn count(command: &mut Command) -> Result<Tally> {
    say(command);
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let mut terminal = io::stdout().lock();
            terminal.write_all(&line)?;
            terminal.write_all(b"\n")?;
            tally += Tally::from_line(&String::from_utf8_lossy(&line)).unwrap_or_default();
        }
    }
    // What fails without being counted: code that does not compile, a test process that aborts.
    if !child.wait()?.success() && tally.failed == 0 {
        tally += Tally::FAILED;
    }
    Ok(tally)
}
