//! `cargo xtask check`: all that can be said about the code without running it.

use std::process::ExitCode;

use crate::Result;
use crate::process::{cargo, run as run_command};
use crate::{packages, rivals, tidy};

pub(crate) fn run() -> Result<ExitCode> {
    run_command(&mut cargo(&["fmt", "--all", "--check"]))?;
    packages::ensure(packages::FOR_BUILDS)?;
    // By itself, so that its rivals do not choose the features of what everybody else builds.
    clippy(&["--workspace", "--all-features", "--exclude", rivals::PACKAGE])?;
    clippy(&["--package", rivals::PACKAGE, "--all-features"])?;
    clippy(&["--package", rivals::PACKAGE, "--no-default-features"])?;
    clippy(&["--package", rivals::PACKAGE, "--no-default-features", "--features", "servers"])?;
    println!("\n$ cargo xtask tidy");
    if tidy::run()? != ExitCode::SUCCESS {
        return Err("`cargo xtask tidy` failed".into());
    }
    run_command(
        cargo(&["doc", "--workspace", "--no-deps", "--all-features"])
            .args(["--exclude", rivals::PACKAGE])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn clippy(packages: &[&str]) -> Result<()> {
    let mut clippy = cargo(&["clippy", "--all-targets"]);
    run_command(clippy.args(packages).args(["--", "-D", "warnings"]))
}
