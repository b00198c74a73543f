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
use crate::process::{Ending, cargo, output_of, run_bounded, say, target_dir};
use crate::tally::Tally;

/// The crates that have models, in their test target `loom`.
pub(crate) const PACKAGES: &[&str] = &["lockset-mutex", "lockset-semaphore"];

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
    for package in PACKAGES {
        tally += run_package(package, depth).unwrap_or_else(|error| {
            eprintln!("xtask: loom {package}: {error}");
            Tally::FAILED
        });
    }
    Ok(tally)
}

fn run_package(package: &str, depth: &Depth) -> Result<Tally> {
    let mut tally = Tally::default();
    let models = Models::build(package, &env::current_dir()?, &target_dir()?, "")?;
    for name in models.names()? {
        let start = Instant::now();
        let verdict = models.run(&name, depth)?;
        let seconds = start.elapsed().as_secs_f64();
        println!("loom {package} {name} ... {} ({seconds:.1} s)", verdict.word());
        if let Verdict::Refuted { output } = &verdict {
            println!("{output}");
        }
        tally += if matches!(verdict, Verdict::Holds) { Tally::PASSED } else { Tally::FAILED };
    }
    Ok(tally)
}

/// The compiled models of one crate.
pub(crate) struct Models {
    executable: PathBuf,
    log: PathBuf,
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
    /// Compiles the models of a crate of the workspace at `tree`, with lints as `lints` says.
    pub(crate) fn build(
        package: &str,
        tree: &Path,
        target_dir: &Path,
        lints: &str,
    ) -> Result<Self> {
        let mut build = cargo(&["test", "--release", "--package", package, "--test", "loom"]);
        build.args(["--no-run", "--quiet", "--message-format", "json-render-diagnostics"]);
        build.env("RUSTFLAGS", format!("--cfg lockset_loom {lints}").trim());
        say(&build);
        let messages = output_of(build.current_dir(tree).env("CARGO_TARGET_DIR", target_dir))?;
        let executable = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["target"]["name"] == "loom")
            .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
            .ok_or_else(|| format!("cargo built no loom models of {package}"))?;
        Ok(Self { executable, log: target_dir.join("model.log") })
    }

    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let list = output_of(self.harness().args(["--list", "--format", "terse"]))?;
        Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(Into::into).collect())
    }

    /// Runs one model by its full name.
    pub(crate) fn run(&self, name: &str, depth: &Depth) -> Result<Verdict> {
        let mut harness = self.harness();
        harness.args(["--exact", name]).env("LOCKSET_DEEPER", depth.deeper.to_string());
        let ending = run_bounded(&mut harness, depth.limit, &self.log)?;
        Ok(match ending {
            Ending::Success => Verdict::Holds,
            Ending::Failure => {
                let output = fs::read(&self.log)?;
                Verdict::Refuted { output: String::from_utf8_lossy(&output).into_owned() }
            }
            Ending::TimedOut => Verdict::TimedOut,
        })
    }

    fn harness(&self) -> Command {
        Command::new(&self.executable)
    }
}
