//! `cargo xtask permits` and `cargo xtask files`: locks beside their rivals, in interleaved rounds.
//!
//! The measuring is a program of the benchmarks. This runs it, and puts its tables into the book,
//! so that no figure there was typed by hand.

use std::fs;
use std::process::ExitCode;

use crate::Result;
use crate::process::{cargo, output_of, run as run_command, say};

/// A program, the page of the book for its tables, and what the page says before them.
pub(crate) struct Comparison {
    bench: &'static str,
    page: &'static str,
    head: &'static str,
}

pub(crate) const PERMITS: Comparison = Comparison {
    bench: "permits",
    page: "docs/src/semaphores-compared.md",
    head: "# Semaphores compared

<!-- Written by `cargo xtask permits --write`. -->

Every figure is a rate as a multiple of one rival's in the same round: the median of all rounds in
bold, the least and the most of them, and Jain's index of fairness where there is something to share
(1 if all get the same). The rounds of all semaphores are interleaved. `Fifo` and `Barging` are the
two policies of `lockset_semaphore`; a *pair* is a mutex with a condition variable. A section takes
50 ns; a thread thinks for 50 ns afterwards, and a task holds its permit over one turn of the
others. `saa` has no more than 63 permits.

Read a rate together with its index. Where one contender keeps the permit and the others starve, the
rate is high and the index is 1 over their number.

",
};

pub(crate) const FILES: Comparison = Comparison {
    bench: "files",
    page: "docs/src/file-locks-compared.md",
    head: "# File locks compared

<!-- Written by `cargo xtask files --write`. -->

Every figure is a multiple of one of the entries in the same run: the ratio of the medians over all
rounds in bold, and the least and the most of any round. The rounds of all entries are interleaved,
each time in another order. Less is better where a time is measured, more where it is throughput.
",
};

pub(crate) fn run(comparison: &Comparison, flags: &[String]) -> Result<ExitCode> {
    let Comparison { bench, page, head } = comparison;
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let mut program = cargo(&["bench", "--package", "lockset-bench", "--bench", bench]);
    program.arg("--").args(has("--quick").then_some("--quick"));
    if has("--write") {
        say(&program);
        let tables = output_of(&mut program)?;
        print!("{tables}");
        fs::write(page, format!("{head}{tables}"))?;
    } else {
        run_command(&mut program)?;
    }
    Ok(ExitCode::SUCCESS)
}
