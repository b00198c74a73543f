//! `cargo xtask tsan`: the shipped locks on the real machine, under ThreadSanitizer.
//!
//! Silence proves nothing by itself, so it is asked for twice: of the code that ships, which must
//! be clean, and of the same code without any Release, for which every case must be reported.
//!
//! The sanitizer is in nightly compilers only, and the standard library is not built with it; the
//! test target `tsan` of each package is written with that in mind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::Result;
use crate::nursery::{Nursery, QUIET};
use crate::orderings::{algorithms_of, without_releases};
use crate::process::{Ending, output_of, run_bounded, target_dir};
use crate::tally::Tally;
use crate::targets;

/// The crates that have a test target `tsan`.
const PACKAGES: &[&str] = &["lockset-mutex", "lockset-semaphore"];

/// Mixing crates with and without the sanitizer is refused unless asked for; here std is without.
const FLAGS: &str = "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg lockset_tsan";

/// A case takes less than a second.
const LIMIT: Duration = Duration::from_secs(60);

/// How often a race is looked for: one whose threads take turns is missed, and on a busy machine
/// they often do.
const TRIES: usize = 50;

/// The one thing of the standard library's that the locks use and the sanitizer cannot see: an
/// `Arc` that is dropped orders its last owner by a fence, and fences are not understood. Only what
/// is reported of an `Arc` being freed is left out; that of a thread's handle is freed within std.
const SUPPRESSIONS: &str = "race:alloc::sync::Arc*drop_slow\n\
    race:alloc::sync::Arc<std::thread::thread::Inner*Drop>::drop\n";

/// What a case says that ended well.
const SAID: &str = "ok, under ThreadSanitizer";
const REPORT: &str = "WARNING: ThreadSanitizer: data race";

pub(crate) fn run() -> Result<ExitCode> {
    let tally = run_all()?;
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Each case counts twice: clean as it is, and reported without any Release.
pub(crate) fn run_all() -> Result<Tally> {
    let host = nightly_host()?;
    let mut tally = Tally::default();
    for package in PACKAGES {
        let shipped = build(package, &host, Path::new("."), &target_dir()?, "")?;
        tally += judge(package, &shipped, "as it is", |verdict| matches!(verdict, Verdict::Clean))?;
        let nursery = Nursery::new()?;
        take_out_releases(package, &nursery)?;
        let planted = build(package, &host, &nursery.tree, &nursery.target_dir, QUIET)?;
        tally += judge(package, &planted, "without any Release", |verdict| {
            matches!(verdict, Verdict::Race)
        })?;
    }
    Ok(tally)
}

/// The platform that the nightly compiler runs on.
fn nightly_host() -> Result<String> {
    let version = output_of(Command::new("rustup").args(["run", "nightly", "rustc", "-vV"]));
    let version = version.map_err(|error| {
        format!("ThreadSanitizer needs a nightly compiler: rustup toolchain add nightly ({error})")
    })?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc names no host")?.to_owned())
}

/// With a target of its own, so that build scripts are made without the sanitizer.
fn build(package: &str, host: &str, tree: &Path, dir: &Path, lints: &str) -> Result<PathBuf> {
    let mut cargo = Command::new("rustup");
    cargo.args(["run", "nightly", "cargo", "test", "--package", package, "--test", "tsan"]);
    cargo.args(["--target", host]).env("RUSTFLAGS", format!("{FLAGS} {lints}").trim());
    let targets = targets::compile(cargo.current_dir(tree).env("CARGO_TARGET_DIR", dir))?;
    let tsan = targets.into_iter().find(|(name, _)| name == "tsan");
    Ok(tsan.ok_or_else(|| format!("cargo built no `tsan` of {package}"))?.1)
}

/// Out of the algorithms, that is: without their seam, whose own orderings would be missed first.
fn take_out_releases(package: &str, nursery: &Nursery) -> Result<()> {
    for path in algorithms_of(package)? {
        let weak = without_releases(&path, &nursery.read(&path)?);
        fs::write(nursery.tree.join(path), weak)?;
    }
    Ok(())
}

enum Verdict {
    Clean,
    Race,
    /// Neither: a wrong count, a crash, a hang.
    Other,
}

fn judge(
    package: &str,
    executable: &PathBuf,
    what: &str,
    is_right: fn(&Verdict) -> bool,
) -> Result<Tally> {
    let cases = targets::tests_of(executable)?;
    if cases.is_empty() {
        return Err(format!("{package} has nothing for ThreadSanitizer").into());
    }
    let mut tally = Tally::default();
    for case in cases {
        let (mut verdict, mut output) = watch(executable, &case)?;
        for _ in 1..TRIES {
            if is_right(&verdict) || !matches!(verdict, Verdict::Clean) {
                break;
            }
            (verdict, output) = watch(executable, &case)?;
        }
        let word = match verdict {
            Verdict::Clean => "clean",
            Verdict::Race => "data race",
            Verdict::Other => "neither clean nor a race",
        };
        let (mark, count) =
            if is_right(&verdict) { ("ok", Tally::PASSED) } else { ("FAILED", Tally::FAILED) };
        println!("tsan {package} {case}, {what} ... {word}: {mark}");
        if count.failed > 0 {
            println!("{output}");
        }
        tally += count;
    }
    Ok(tally)
}

/// Runs one case, and says how it went and what it printed.
fn watch(executable: &PathBuf, case: &str) -> Result<(Verdict, String)> {
    let dir = target_dir()?;
    let (log, suppressions) = (dir.join("tsan.log"), dir.join("tsan.suppressions"));
    fs::write(&suppressions, SUPPRESSIONS)?;
    let mut run = Command::new(executable);
    run.args(["--exact", case]);
    run.env("TSAN_OPTIONS", format!("suppressions={}", suppressions.display()));
    let ending = run_bounded(&mut run, LIMIT, &log)?;
    let output = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let verdict = match ending {
        Ending::Success if output.contains(SAID) => Verdict::Clean,
        Ending::Failure if output.contains(REPORT) => Verdict::Race,
        _ => Verdict::Other,
    };
    Ok((verdict, output))
}
