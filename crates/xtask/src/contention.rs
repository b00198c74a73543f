//! `cargo xtask contention`: the mutexes beside their rivals where it matters, with many threads.
//!
//! The measuring is a program of the benchmarks. This runs it, and puts its table where the docs
//! include it, so that no figure in them was typed by hand.

use std::fs;
use std::process::ExitCode;

use crate::Result;
use crate::process::{cargo, output_of, run as run_command, say};

/// What the documentation of the ladder includes, and what the program is told to print for it.
const PAGES: &[(&str, &str)] = &[
    ("table", "crates/lockset-mutex/src/ladder/table.md"),
    ("evidence", "crates/lockset-mutex/src/ladder/evidence.md"),
];

pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let program = || {
        let mut program = cargo(&["bench", "--package", "lockset-bench", "--bench", "contention"]);
        program.arg("--").args(has("--quick").then_some("--quick"));
        program
    };
    if !has("--table") {
        run_command(program().arg("goals"))?;
        return Ok(ExitCode::SUCCESS);
    }
    for (what, page) in PAGES {
        let mut program = program();
        say(program.arg(what));
        let text = output_of(&mut program)?;
        print!("{text}");
        fs::write(page, text)?;
    }
    Ok(ExitCode::SUCCESS)
}
