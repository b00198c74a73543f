//! The loom models: every interleaving of a few threads, on the very types that ship.
//!
//! Each model runs in a process of its own, because loom answers a deadlock by aborting, and
//! under a time limit, because a lost wake-up in a model without one would hang the build.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::process::{Ending, cargo, output_of, run_bounded, target_dir};
use crate::side_by_side::{processors, side_by_side};
use crate::tally::Tally;
use crate::targets;

/// The crates that have models, in their test targets whose names begin with `loom`.
pub(crate) const PACKAGES: &[&str] = &["lockset-mutex", "lockset-semaphore", "lockset-file"];

/// How far the models are explored.
pub(crate) struct Depth {
    /// Preemptions beyond the bound that a model sets itself.
    deeper: usize,
    /// How long one model may take: several times what the slowest takes on a slow machine.
    limit: Duration,
}

/// What every change is put through.
pub(crate) const USUAL: Depth = Depth { deeper: 0, limit: Duration::from_secs(120) };
/// What is worth an hour now and then.
pub(crate) const DEEP: Depth = Depth { deeper: 2, limit: Duration::from_secs(30 * 60) };

/// Runs every model of every crate; a crate whose models do not compile is one failure.
pub(crate) fn run_all(depth: &Depth) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut all = Vec::new();
    for package in PACKAGES {
        for target in targets_of(package)? {
            match models_of(package, &target) {
                Ok(models) => all.extend(models),
                Err(error) => {
                    eprintln!("xtask: {target} of {package}: {error}");
                    tally += Tally::FAILED;
                }
            }
        }
    }
    let workers = vec![depth; processors()];
    tally += side_by_side(workers, &all, |depth, model| model.run(depth)).into_iter().sum();
    Ok(tally)
}

/// The test targets of a crate that are models; a crate without any is an error.
pub(crate) fn targets_of(package: &str) -> Result<Vec<String>> {
    let metadata = output_of(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages
        .filter(|candidate| candidate["name"] == package)
        .flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let names = targets.filter_map(|target| target["name"].as_str());
    let models: Vec<_> = names.filter(|name| name.starts_with("loom")).map(Into::into).collect();
    if models.is_empty() {
        return Err(format!("{package} has no test target loom*").into());
    }
    Ok(models)
}

/// One model, and where it is.
struct Model {
    package: &'static str,
    models: Models,
    name: String,
}

fn models_of(package: &'static str, target: &str) -> Result<Vec<Model>> {
    let models = Models::build(package, target, &env::current_dir()?, &target_dir()?, "")?;
    let model = |name| Model { package, models: models.clone(), name };
    Ok(models.names()?.into_iter().map(model).collect())
}

impl Model {
    /// Runs it, and says how it went.
    fn run(&self, depth: &Depth) -> Tally {
        let Self { package, models, name } = self;
        let start = Instant::now();
        let verdict = models.run(name, depth);
        let seconds = start.elapsed().as_secs_f64();
        let (word, output) = match &verdict {
            Ok(verdict @ Verdict::Refuted { output }) => (verdict.word(), output.clone()),
            Ok(verdict) => (verdict.word(), String::new()),
            Err(error) => ("NOT RUN", error.to_string()),
        };
        // In one piece, as other models say something at the same time.
        println!("{} {package} {name} ... {word} ({seconds:.1} s)\n{output}", models.target);
        if matches!(verdict, Ok(Verdict::Holds)) { Tally::PASSED } else { Tally::FAILED }
    }
}

/// The compiled models of one test target.
#[derive(Clone)]
pub(crate) struct Models {
    target: String,
    executable: PathBuf,
    /// Where what they print is kept, a file a model.
    logs: PathBuf,
}

/// What a model said about the code.
pub(crate) enum Verdict {
    Holds,
    Refuted { output: String },
    TimedOut,
}

impl Verdict {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Holds => "ok",
            Self::Refuted { .. } => "FAILED",
            Self::TimedOut => "TIMED OUT",
        }
    }
}

impl Models {
    /// Compiles the models of a crate of the workspace at `tree`, with all of the crate's features,
    /// and with lints as `lints` says.
    pub(crate) fn build(
        package: &str,
        target: &str,
        tree: &Path,
        target_dir: &Path,
        lints: &str,
    ) -> Result<Self> {
        let mut build = cargo(&["test", "--release", "--package", package, "--test", target]);
        let cfg = cfg(target).map(|cfg| format!("--cfg {cfg} ")).unwrap_or_default();
        build.arg("--all-features").env("RUSTFLAGS", cfg + lints);
        build.current_dir(tree).env("CARGO_TARGET_DIR", target_dir);
        let compiled = targets::compile(&mut build)?.into_iter().find(|(name, _)| name == target);
        let (_, executable) = compiled.ok_or_else(|| format!("no {target} of {package}"))?;
        let logs = target_dir.join("models").join(package).join(target);
        fs::create_dir_all(&logs)?;
        Ok(Self { target: target.to_owned(), executable, logs })
    }

    pub(crate) fn names(&self) -> Result<Vec<String>> {
        targets::tests_of(&self.executable)
    }

    /// Runs one model by its full name.
    pub(crate) fn run(&self, name: &str, depth: &Depth) -> Result<Verdict> {
        let mut harness = Command::new(&self.executable);
        harness.args(["--exact", name]).env("LOCKSET_DEEPER", depth.deeper.to_string());
        let log = self.logs.join(name.replace("::", "-"));
        let ending = run_bounded(&mut harness, depth.limit, &log)?;
        Ok(match ending {
            Ending::Success => Verdict::Holds,
            Ending::Failure => {
                let output = fs::read(&log)?;
                Verdict::Refuted { output: String::from_utf8_lossy(&output).into_owned() }
            }
            Ending::TimedOut => Verdict::TimedOut,
        })
    }
}

/// The checker whose models a test target has, as the seam calls it; none in a simulation, which
/// runs what ships.
fn cfg(target: &str) -> Option<&'static str> {
    match target {
        _ if target.starts_with("shuttle") => Some("lockset_shuttle"),
        _ if target.starts_with("loom") => Some("lockset_loom"),
        _ => None,
    }
}
