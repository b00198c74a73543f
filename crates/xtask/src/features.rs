//! `cargo xtask features`: what each kind of server costs to build in.
//!
//! Whoever takes one is to pay for one. So for each feature of `lockset` this counts the crates
//! that it brings, and the processor time of a build from nothing; and its test sees to it that no
//! feature brings the client of another.

use std::fs;
use std::process::ExitCode;

use crate::Result;
use crate::process::{cargo, output_of, run as run_command, target_dir};

/// The features with a server's client, and that client.
const CLIENTS: &[(&str, &str)] = &[
    ("sqlite", "rusqlite"),
    ("redis", "redis"),
    ("etcd", "etcd-client"),
    ("zookeeper", "zookeeper-client"),
    ("postgres", "tokio-postgres"),
    ("mysql", "mysql_async"),
];

const PAGE: &str = "docs/src/what-a-server-costs.md";

const HEAD: &str = "# What a server costs to build in

<!-- Written by `cargo xtask features --write`. -->

Each kind of server is a feature of `lockset`, and brings its client and no other's. *Crates* are
all that are built for a program that uses it, those of this workspace included; *build* is the
processor time of a build from nothing, as a multiple of the same without any server.

| feature | its client | crates | build |
|---|---|---|---|
";

pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    let none = processor_time_of_a_build("")?;
    let mut table = format!("| none | | {} | 1.0 |\n", crates("")?.len());
    for (feature, client) in CLIENTS {
        let build = processor_time_of_a_build(feature)? / none;
        let crates = crates(feature)?.len();
        table += &format!("| `{feature}` | `{client}` | {crates} | {build:.1} |\n");
    }
    print!("\n{table}");
    if flags.iter().any(|flag| flag == "--write") {
        fs::write(PAGE, format!("{HEAD}{table}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn lockset_with(feature: &str) -> [&str; 5] {
    ["--package", "lockset", "--no-default-features", "--features", feature]
}

/// The names of the crates that a feature needs.
fn crates(feature: &str) -> Result<Vec<String>> {
    let tree = ["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = output_of(cargo(&tree).args(lockset_with(feature)))?;
    // A line is `name vVERSION (PATH) (*)`; one crate may be there in two versions.
    let mut crates: Vec<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    crates.sort_unstable();
    crates.dedup();
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    Ok(crates.into_iter().map(name).collect())
}

/// In clock ticks of the system's.
fn processor_time_of_a_build(feature: &str) -> Result<f64> {
    let home = target_dir()?.join("lockset-features");
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    let before = ticks_of_children()?;
    let mut build = cargo(&["build"]);
    run_command(build.args(lockset_with(feature)).env("CARGO_TARGET_DIR", &home))?;
    let after = ticks_of_children()?;
    fs::remove_dir_all(&home)?;
    Ok(after - before)
}

/// Of those that have ended and were waited for, theirs included.
fn ticks_of_children() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The program's name, in brackets, may have spaces; `cutime` and `cstime` are the 14th and 15th
    // words behind it.
    let words = stat.rsplit_once(") ").map_or("", |(_, words)| words).split(' ');
    let ticks = words.skip(13).take(2).map(str::parse::<f64>).sum::<std::result::Result<f64, _>>();
    Ok(ticks?)
}

#[cfg(test)]
mod tests {
    use super::{CLIENTS, crates};

    #[test]
    fn no_feature_brings_the_client_of_another() {
        for (feature, _) in CLIENTS {
            let crates = crates(feature).unwrap();
            let brought: Vec<_> = CLIENTS
                .iter()
                .filter(|(_, client)| crates.iter().any(|name| name == client))
                .collect();
            assert_eq!(brought.len(), 1, "`{feature}` brings {brought:?}");
            assert_eq!(brought[0].0, *feature);
        }
    }

    #[test]
    fn without_a_feature_there_is_no_client() {
        let crates = crates("").unwrap();
        assert!(!CLIENTS.iter().any(|(_, client)| crates.iter().any(|name| name == client)));
    }
}
