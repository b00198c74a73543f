//! `cargo xtask contention`: the mutexes beside their rivals where it matters, with many threads.
//!
//! The measuring is a program of the benchmarks. This runs it, and puts its table where the docs
//! include it, so that no figure in them was typed by hand.

use std::fs;
use std::process::ExitCode;

use crate::Result;
use crate::process::{cargo, output_of, run as run_command, say};

/// What the ladder's documentation includes.
const TABLE: &str = "crates/lockset-mutex/src/ladder/table.md";

pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let mut program =
        cargo(&["bench", "--package", "lockset-bench", "--bench", "contention", "--"]);
    if has("--quick") {
        program.arg("--quick");
    }
    if has("--table") {
        say(program.arg("table"));
        let table = output_of(&mut program)?;
        print!("{table}");
        fs::write(TABLE, table)?;
    } else {
        run_command(program.arg("goals"))?;
    }
    Ok(ExitCode::SUCCESS)
}
