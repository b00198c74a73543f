//! `cargo xtask bench`: every lock beside every rival, with servers, tables, figures and a page.
//!
//! The measuring is a program, that of the package of those rivals which bring clients of their
//! own. This builds it, tells it where to write, and gets the server that it needs.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use crate::process::{cargo, run as run_command, target_dir};
use crate::{Result, packages, rivals};

/// Ours are for a short run by a word, the program's for a long one: there, the short one is what
/// users want.
const QUICK: &str = "--quick";

pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    packages::ensure(packages::FOR_BENCH)?;
    let (quick, flags): (Vec<_>, Vec<_>) = flags.iter().partition(|flag| *flag == QUICK);
    let mut program = cargo(&["bench", "--package", rivals::PACKAGE, "--bench", "leases"]);
    program.args(["--", "compare"]).args(quick.is_empty().then_some("--full"));
    // Cargo runs it in the folder of its package.
    let here = env::current_dir()?;
    for flag in &flags {
        match flag.split_once('=') {
            Some((name @ ("--out" | "--baseline"), path)) => {
                program.arg(format!("{name}={}", here.join(path).display()));
            }
            _ => _ = program.arg(flag),
        }
    }
    if !flags.iter().any(|flag| flag.starts_with("--out=")) {
        program.arg(format!("--out={}", out()?.display()));
    }
    run_command(&mut program)?;
    Ok(ExitCode::SUCCESS)
}

/// Where the page is, unless another place is named.
fn out() -> Result<std::path::PathBuf> {
    Ok(target_dir()?.join(Path::new("lockset-compare")))
}
