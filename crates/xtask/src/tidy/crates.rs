//! Rules about the crates: what each may depend on, and what none may drag in.

use serde_json::Value;

use super::Finding;
use crate::Result;
use crate::process::{cargo, output_of};

/// The architecture: each crate and those of ours that it may be built on. Dependencies of
/// tests alone are free.
const CRATES: &[(&str, &[&str])] = &[
    ("lockset-api", &[]),
    ("lockset-sync", &[]),
    ("lockset-mutex", &["lockset-api", "lockset-sync"]),
    ("lockset-semaphore", &["lockset-api", "lockset-sync"]),
    ("lockset-trace", &["lockset-api"]),
    ("lockset-remote", &["lockset-api"]),
    ("lockset-checked", &["lockset-api"]),
    ("lockset-file", &["lockset-api", "lockset-mutex", "lockset-sync"]),
    ("lockset-conformance", &["lockset-api", "lockset-trace", "lockset-checked"]),
    (
        "lockset",
        &[
            "lockset-api",
            "lockset-checked",
            "lockset-mutex",
            "lockset-semaphore",
            "lockset-file",
            "lockset-remote",
            "lockset-trace",
        ],
    ),
    ("lockset-compare", &["lockset", "lockset-mutex", "lockset-semaphore"]),
    ("lockset-cli", &["lockset", "lockset-compare", "lockset-trace"]),
    ("lockset-models", &[]),
    ("lockset-seeds", &["lockset-api", "lockset-remote"]),
    ("testbed", &[]),
    ("xtask", &[]),
];

/// The crates for threads alone, whose users must not pay for anything else.
const LIGHT: &[&str] = &["lockset-mutex", "lockset-semaphore", "lockset-sync"];

/// Runtimes, clients and TLS stacks, together with the families of crates named after them.
const HEAVY: &[&str] = &["tokio", "async-std", "smol", "redis", "rusqlite", "openssl", "rustls"];

/// Each folder below `crates/` is named as its package, and depends on what it may.
pub(super) fn dependencies() -> Result<Vec<Finding>> {
    let metadata = output_of(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    Ok(packages.iter().flat_map(check_package).collect())
}

/// The rules for one package, as `cargo metadata` describes it.
pub(super) fn check_package(package: &Value) -> Vec<Finding> {
    let name = package["name"].as_str().unwrap_or_default();
    let manifest = package["manifest_path"].as_str().unwrap_or_default();
    let Some((_, path)) = manifest.rsplit_once("/crates/") else { return Vec::new() };
    let finding = |rule, advice| Finding { path: format!("crates/{path}"), line: 1, rule, advice };

    if path != format!("{name}/Cargo.toml") {
        return vec![finding("crate-name", format!("the folder of `{name}` has another name"))];
    }
    let Some((_, allowed)) = CRATES.iter().find(|(row, _)| *row == name) else {
        let advice = format!("give `{name}` its row in crates/xtask/src/tidy/crates.rs");
        return vec![finding("crate-table", advice)];
    };
    let dependencies = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
    let ours = dependencies.iter().filter(|d| d["path"].is_string() && d["kind"] != "dev");
    let names = ours.filter_map(|dependency| dependency["name"].as_str());
    let refused = names.filter(|dependency| !allowed.contains(dependency));
    refused
        .map(|d| finding("crate-dependency", format!("`{name}` must not depend on `{d}`")))
        .collect()
}

/// What the light crates bring along stays light.
pub(super) fn light_trees() -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in LIGHT {
        let args = ["tree", "--package", package, "--edges", "normal", "--prefix", "none"];
        findings.extend(check_tree(package, &output_of(&mut cargo(&args))?));
    }
    Ok(findings)
}

/// The heavy crates in what `cargo tree` prints for a light one.
pub(super) fn check_tree(package: &str, tree: &str) -> Vec<Finding> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let is_heavy = |name: &&str| {
        let rest = HEAVY.iter().find_map(|heavy| name.strip_prefix(heavy));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let heavy = names.filter(is_heavy).map(|name| Finding {
        path: format!("crates/{package}/Cargo.toml"),
        line: 1,
        rule: "light-tree",
        advice: format!("`{package}` must not bring in `{name}`"),
    });
    heavy.collect()
}
