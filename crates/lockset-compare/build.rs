//! Writes down what the comparison is built from: the compiler, and the versions of all rivals.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages whose dependencies are the rivals.
const OURS: &[&str] = &["lockset-compare", "lockset-bench-leases"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("--version")
        .output();
    let compiler = compiler.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    println!("cargo::rustc-env=LOCKSET_COMPARE_RUSTC={}", compiler.unwrap_or_default().trim());
    println!("cargo::rustc-env=LOCKSET_COMPARE_VERSIONS={}", versions().join(","));
}

/// `name version` of each rival. Nothing where there is no `Cargo.lock`, as in a package that was
/// unpacked by itself: then nothing is what the page says, too.
fn versions() -> Vec<String> {
    let Some(path) = lock_file() else { return Vec::new() };
    println!("cargo::rerun-if-changed={}", path.display());
    let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
    let packages: Vec<Package<'_>> = text.split("[[package]]").filter_map(Package::parse).collect();
    let ours = packages.iter().filter(|package| OURS.contains(&package.name));
    let mut found: Vec<String> = ours
        .flat_map(|package| &package.dependencies)
        .filter_map(|dependency| {
            // A version stands there only where there is more than one.
            let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
            let is_it = |p: &&Package<'_>| p.name == name && p.version.starts_with(version);
            packages.iter().find(is_it).map(|package| format!("{name} {}", package.version))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn lock_file() -> Option<PathBuf> {
    let here = env::var_os("CARGO_MANIFEST_DIR")?;
    let files = Path::new(&here).ancestors().map(|dir| dir.join("Cargo.lock"));
    files.into_iter().find(|file| file.is_file())
}

struct Package<'t> {
    name: &'t str,
    version: &'t str,
    dependencies: Vec<&'t str>,
}

impl<'t> Package<'t> {
    fn parse(block: &'t str) -> Option<Self> {
        let value = |key: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.trim_start_matches(" = ").trim_matches('"'))
        };
        let inside = block.lines().filter_map(|line| line.strip_prefix(" \""));
        let dependencies = inside.map(|line| line.trim_end_matches("\",")).collect();
        Some(Self { name: value("name")?, version: value("version")?, dependencies })
    }
}
