//! `cargo xtask permits`: the semaphores beside their rivals, with threads and with tasks.
//!
//! The measuring is a program of the benchmarks. This runs it, and puts its tables into the book,
//! so that no figure there was typed by hand.

use std::fs;
use std::process::ExitCode;

use crate::Result;
use crate::process::{cargo, output_of, run as run_command, say};

/// The page of the book, and what it says before the tables.
const PAGE: &str = "docs/src/semaphores-compared.md";
const HEAD: &str = "# Semaphores compared

<!-- Written by `cargo xtask permits --write`. -->

Every figure is a rate as a multiple of one rival's in the same round: the median of all rounds in
bold, the least and the most of them, and Jain's index of fairness where there is something to share
(1 if all get the same). The rounds of all semaphores are interleaved. `Fifo` and `Barging` are the
two policies of `lockset_semaphore`; a *pair* is a mutex with a condition variable. A section takes
50 ns; a thread thinks for 50 ns afterwards, and a task holds its permit over one turn of the
others. `saa` has no more than 63 permits.

Read a rate together with its index. Where one contender keeps the permit and the others starve, the
rate is high and the index is 1 over their number.

";

pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let mut program = cargo(&["bench", "--package", "lockset-bench", "--bench", "permits"]);
    program.arg("--").args(has("--quick").then_some("--quick"));
    if has("--write") {
        say(&program);
        let tables = output_of(&mut program)?;
        print!("{tables}");
        fs::write(PAGE, format!("{HEAD}{tables}"))?;
    } else {
        run_command(&mut program)?;
    }
    Ok(ExitCode::SUCCESS)
}
