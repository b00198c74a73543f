//! `cargo xtask check`: all that can be said about the code without running it.

use std::process::ExitCode;

use crate::Result;
use crate::process::{cargo, run as run_command};
use crate::tidy;

pub(crate) fn run() -> Result<ExitCode> {
    run_command(&mut cargo(&["fmt", "--all", "--check"]))?;
    run_command(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))?;
    println!("\n$ cargo xtask tidy");
    if tidy::run()? != ExitCode::SUCCESS {
        return Err("`cargo xtask tidy` failed".into());
    }
    run_command(
        cargo(&["doc", "--workspace", "--no-deps", "--all-features"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    Ok(ExitCode::SUCCESS)
}
