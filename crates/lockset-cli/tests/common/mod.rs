//! How the tests run the command.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs the command to its end.
pub(crate) fn lockset(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockset")).args(args).output().unwrap()
}

/// Runs the tour into `out` and returns its report; it must succeed.
#[allow(dead_code, reason = "not every test that includes this module runs the tour to its end")]
pub(crate) fn tour(out: &Path, args: &[&str]) -> Value {
    let common = ["tour", "--json", "--out", out.to_str().unwrap()];
    let done = lockset(&[&common, args].concat());
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{stderr}");
    serde_json::from_slice(&done.stdout).expect("one JSON object, and nothing else")
}

/// The part of the report with this name.
#[allow(dead_code, reason = "not every test that includes this module looks at the parts")]
pub(crate) fn part<'r>(report: &'r Value, step: &str, side: &str) -> &'r Value {
    let mut parts = report["parts"].as_array().unwrap().iter();
    parts
        .find(|part| part["step"] == step && part["part"] == side)
        .unwrap_or_else(|| panic!("no part {step} {side} in {report:#}"))
}

/// One figure of a part.
#[allow(dead_code, reason = "not every test that includes this module looks at the figures")]
pub(crate) fn figure(part: &Value, name: &str) -> u64 {
    part["figures"][name].as_u64().unwrap_or_else(|| panic!("no figure {name} in {part:#}"))
}
