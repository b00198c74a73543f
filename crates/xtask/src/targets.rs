//! The programs that `cargo test --no-run` makes, to be run one test at a time.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::Result;
use crate::process::{output_of, say};

/// The compiled test targets, by name; `build` is the cargo command that makes them.
pub(crate) fn compile(build: &mut Command) -> Result<Vec<(String, PathBuf)>> {
    build.args(["--no-run", "--quiet", "--message-format", "json-render-diagnostics"]);
    say(build);
    let messages = output_of(build)?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let targets = messages.filter_map(|message| {
        let name = message["target"]["name"].as_str()?.to_owned();
        Some((name, PathBuf::from(message["executable"].as_str()?)))
    });
    Ok(targets.collect())
}

/// The tests of a target, as its harness lists them.
pub(crate) fn tests_of(executable: &PathBuf) -> Result<Vec<String>> {
    let list = output_of(Command::new(executable).args(["--list", "--format", "terse"]))?;
    Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(Into::into).collect())
}
