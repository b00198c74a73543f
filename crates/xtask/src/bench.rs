//! `cargo xtask bench`: every lock beside every rival, with servers, tables, figures and a page.
//!
//! The measuring is a program of the package of those rivals which bring clients of their own. This
//! builds it, tells it where to write, and gets the servers that it needs. A quick run does with
//! Redis: to build the clients of all the others takes as long as to measure.

mod planted;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::process::{cargo, run as run_command, target_dir};
use crate::{Result, packages, rivals};

/// Ours are for a short run by a word, the program's for a long one: there, the short one is what
/// users want.
const QUICK: &str = "--quick";
/// Keeps the tables in the book, and the raw figures beside it.
const WRITE: &str = "--write";

/// Asks whether a regression would be seen.
const PLANTED: &str = "--planted";

const PAGE: &str = "docs/src/everything-compared.md";
const FIGURES: &str = "docs/comparison/figures.json";

const HEAD: &str = "# Everything compared

<!-- Written by `cargo xtask bench --write`. -->

One run of all locks beside all rivals. [How we compare](how-we-compare.md) says what a row means.
The raw figures, with the machine and all versions, are in `docs/comparison/figures.json`; the page
of pictures is drawn by `cargo xtask bench`.

Locks with a star are Lockset's, and those that stand there twice are the same lock: what lies
between the two is noise. `pair` is an uncontended lock and unlock; Jain's index, waits and
processor time are those of 8 threads with sections and thoughts of 50 ns; `8 long` are sections and
thoughts of 20 us.

```text";

pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    if flags.iter().any(|flag| flag == PLANTED) {
        return planted::run();
    }
    let is_quick = flags.iter().any(|flag| flag == QUICK);
    let has_leases = needs_servers(flags);
    let features: &[&str] = match (has_leases, is_quick) {
        (true, false) => {
            packages::ensure(packages::FOR_BUILDS)?;
            packages::ensure(packages::SERVERS)?;
            &["--features", "servers"]
        }
        (true, true) => {
            packages::ensure(packages::REDIS)?;
            &[]
        }
        (false, _) => &[],
    };
    let is_written = flags.iter().any(|flag| flag == WRITE);
    let flags = flags.iter().filter(|flag| *flag != WRITE && *flag != QUICK);
    let mut program = cargo(&["bench", "--package", rivals::PACKAGE, "--bench", "compare"]);
    program.arg("--no-default-features").args(features);
    program.arg("--").args((!is_quick).then_some("--full"));
    // Cargo runs it in the folder of its package.
    let here = env::current_dir()?;
    let mut out: PathBuf = target_dir()?.join("lockset-compare");
    for flag in flags {
        match flag.split_once('=') {
            Some(("--out", path)) => out = here.join(path),
            Some(("--baseline", path)) => _ = program.arg("--baseline").arg(here.join(path)),
            Some(("--agree", paths)) => {
                program.arg("--agree").args(paths.split(',').map(|path| here.join(path)));
            }
            _ => _ = program.arg(flag),
        }
    }
    run_command(program.arg(format!("--out={}", out.display())))?;
    if is_written {
        let tables = fs::read_to_string(out.join("table.txt"))?;
        fs::write(PAGE, format!("{HEAD}{tables}```\n"))?;
        fs::copy(out.join("figures.json"), FIGURES)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether leases are measured; nothing is where two runs are compared.
fn needs_servers(flags: &[String]) -> bool {
    let only: Vec<_> = flags.iter().filter_map(|flag| flag.strip_prefix("--only=")).collect();
    let is_measured = !flags.iter().any(|flag| flag.starts_with("--agree="));
    is_measured && (only.is_empty() || only.contains(&"lease"))
}
