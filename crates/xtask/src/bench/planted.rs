//! `cargo xtask bench --planted`: whether `--baseline` would call a regression out.
//!
//! In a copy of the tree every unlock gets a fence that nobody needs, the one that
//! `cargo xtask instructions --planted` counts. Three runs of seconds follow: the healthy program,
//! the other one, and the healthy one again. Held to the first run, the second has to be called
//! worse, and the third has to be called nothing at all.
//!
//! It is the uncontended row that is looked at. There the fence is a good part of all there is;
//! and where many figures are compared, one of them may be called by chance.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::Result;
use crate::mutants::with_fence_in_unlock;
use crate::nursery::Nursery;
use crate::process::{cargo, output_of, run as run_command, say};
use crate::tally::Tally;

/// The comparison without a toolchain, which is the quicker to build.
const PACKAGE: &str = "lockset-cli";
const PROGRAM: &str = "lockset";

/// Our mutexes beside one rival, so that a round takes a moment: what slows the machine for longer
/// slows both.
const WORDS: &[&str] =
    &["compare", "--full", "--only=mutex", "--against=parking_lot", "--scenario=uncontended"];

/// What must be called worse.
const FIGURE: &str = "mutex/Mutex, uncontended: rate";

pub(super) fn run() -> Result<ExitCode> {
    let nursery = Nursery::new()?;
    let healthy = build(&nursery, "healthy")?;
    let planted = with_fence_in_unlock(&nursery, || build(&nursery, "planted"))?;
    let home = nursery.target_dir.join("bench");
    let first = home.join("first");
    compare(&healthy, &first, None)?;
    let worse = compare(&planted, &home.join("planted"), Some(&first))?;
    let same = compare(&healthy, &home.join("again"), Some(&first))?;

    let is_it = |line: &&String| line.starts_with("WORSE") && line.contains(FIGURE);
    let called = worse.iter().find(is_it);
    let mut tally = if called.is_some() { Tally::PASSED } else { Tally::FAILED };
    let word = called.map_or("NOT SEEN", String::as_str);
    println!("\nregression `an unlock with a fence that nobody needs` ... {word}");
    tally += if same.is_empty() { Tally::PASSED } else { Tally::FAILED };
    let word = if same.is_empty() { "nothing called".to_owned() } else { same.join("; ") };
    println!("the same program twice ... {word}\n\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compiles the copy as it is now, and keeps the program under a name of its own.
fn build(nursery: &Nursery, name: &str) -> Result<PathBuf> {
    let mut build = cargo(&["build", "--release", "--quiet", "--package", PACKAGE]);
    build.current_dir(&nursery.tree).env("CARGO_TARGET_DIR", &nursery.target_dir);
    run_command(build.env_remove("RUSTFLAGS"))?;
    let home = nursery.target_dir.join("bench");
    fs::create_dir_all(&home)?;
    let program = home.join(format!("{PROGRAM}-{name}"));
    fs::copy(nursery.target_dir.join("release").join(PROGRAM), &program)?;
    Ok(program)
}

/// Measures, and returns the changes against a baseline that were called more than noise.
fn compare(program: &Path, out: &Path, baseline: Option<&Path>) -> Result<Vec<String>> {
    let mut command = Command::new(program);
    command.args(WORDS).arg("--out").arg(out);
    if let Some(baseline) = baseline {
        command.arg("--baseline").arg(baseline.join("figures.json"));
    }
    say(&command);
    let text = output_of(&mut command)?;
    let changes = text.lines().map(str::trim);
    let called = changes.filter(|line| line.starts_with("WORSE") || line.starts_with("better"));
    Ok(called.map(str::to_owned).collect())
}
