//! `cargo xtask instructions`: what a lock costs that nobody else wants, without a clock.
//!
//! The time of such a path is some nanoseconds, and a noisy machine moves it by more than an added
//! load does. The number of its instructions is the same on every day. So callgrind counts them,
//! those of our locks and of their rivals, and the book's table has to have the same numbers: one
//! instruction more is a failure, and one less is a table to write anew.
//!
//! The counts are the compiler's as well. With another one than the table names there is nothing
//! to compare, and the check says that instead.

mod page;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::process::{cargo, output_of, run as run_command, target_dir};
use crate::tally::Tally;
use crate::{Result, mutants, packages};

use page::Conditions;

const PACKAGE: &str = "lockset-bench-instructions";
const PROGRAM: &str = "instructions";

/// The difference of two runs is divided by this, and rounded: the start of the process may differ
/// by half of it.
const TIMES: u64 = 1000;

/// The path that does nothing, which is what calling a path costs.
const NOTHING: &str = "nothing";

/// The way through one lock, among others that do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) what: String,
    /// Who is 1.00.
    baseline: String,
    pub(crate) who: String,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.who)
    }
}

/// What callgrind counts on such a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) instructions: u64,
    /// Atomic read-modify-writes: callgrind's global bus events.
    pub(crate) exchanges: u64,
    pub(crate) system_calls: u64,
}

impl Counts {
    pub(crate) fn has_more_than(&self, other: &Self) -> bool {
        self.instructions > other.instructions
            || self.exchanges > other.exchanges
            || self.system_calls > other.system_calls
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instructions, exchanges, system_calls } = self;
        write!(f, "{instructions} instructions, {exchanges} exchanges, {system_calls} system calls")
    }
}

/// Counts, and compares with the book's table or, by `--write`, writes it; `--planted` asks whether
/// a regression would be seen.
pub(crate) fn run(flags: &[String]) -> Result<ExitCode> {
    packages::ensure(packages::FOR_INSTRUCTIONS)?;
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    if has("--write") {
        page::write(&Conditions::here()?, &count_all()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let tally = if has("--planted") { mutants::plant_regressions()? } else { check()? };
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All of it, as a kind of test.
pub(crate) fn run_all() -> Result<Tally> {
    packages::ensure(packages::FOR_INSTRUCTIONS)?;
    let mut tally = check()?;
    tally += mutants::plant_regressions()?;
    Ok(tally)
}

fn check() -> Result<Tally> {
    page::compare(&Conditions::here()?, &count_all()?)
}

fn count_all() -> Result<Vec<(Lane, Counts)>> {
    let program = Program::build(Path::new("."), &target_dir()?)?;
    let lanes = program.lanes()?;
    let mut counted = Vec::new();
    for lane in lanes.into_iter().filter(|lane| lane.what != NOTHING) {
        let counts = program.count(&lane)?;
        println!("{lane} ... {counts}");
        counted.push((lane, counts));
    }
    Ok(counted)
}

/// The program with the paths, and what it takes to call one.
pub(crate) struct Program {
    executable: PathBuf,
    log: PathBuf,
    nothing: Counts,
}

impl Program {
    /// Compiles the workspace at `tree` as its users would.
    pub(crate) fn build(tree: &Path, target_dir: &Path) -> Result<Self> {
        let mut build = cargo(&["build", "--release", "--quiet", "--package", PACKAGE]);
        build.current_dir(tree).env("CARGO_TARGET_DIR", target_dir).env_remove("RUSTFLAGS");
        run_command(&mut build)?;
        let nothing = Counts { instructions: 0, exchanges: 0, system_calls: 0 };
        let mut program = Self {
            executable: target_dir.join("release").join(PROGRAM),
            log: target_dir.join("callgrind.out"),
            nothing,
        };
        let name = || NOTHING.to_owned();
        let lane = Lane { what: name(), baseline: name(), who: name() };
        program.nothing = program.count(&lane)?;
        Ok(program)
    }

    pub(crate) fn lanes(&self) -> Result<Vec<Lane>> {
        let list = output_of(Command::new(&self.executable).arg("list"))?;
        let lane = |line: &str| {
            let mut words = line.split('\t').map(str::to_owned);
            Some(Lane { what: words.next()?, baseline: words.next()?, who: words.next()? })
        };
        let lanes =
            list.lines().map(|line| lane(line).ok_or_else(|| format!("no path: `{line}`").into()));
        lanes.collect()
    }

    /// What one time through this way takes.
    pub(crate) fn count(&self, lane: &Lane) -> Result<Counts> {
        let (once, twice) = (self.total(lane, TIMES)?, self.total(lane, 2 * TIMES)?);
        let of_one = |event: fn(&Counts) -> u64| {
            let difference = event(&twice).saturating_sub(event(&once));
            ((difference + TIMES / 2) / TIMES).saturating_sub(event(&self.nothing))
        };
        Ok(Counts {
            instructions: of_one(|counts| counts.instructions),
            exchanges: of_one(|counts| counts.exchanges),
            system_calls: of_one(|counts| counts.system_calls),
        })
    }

    fn total(&self, Lane { what, who, .. }: &Lane, times: u64) -> Result<Counts> {
        let mut valgrind = Command::new("valgrind");
        valgrind.args([
            "--quiet",
            "--tool=callgrind",
            "--collect-bus=yes",
            "--collect-systime=yes",
        ]);
        valgrind.arg(format!("--callgrind-out-file={}", self.log.display()));
        valgrind.arg(&self.executable).args([what, who]).arg(times.to_string());
        output_of(&mut valgrind)?;
        // The names of functions need not be UTF-8.
        totals(&String::from_utf8_lossy(&fs::read(&self.log)?))
            .ok_or_else(|| format!("no totals in {}", self.log.display()).into())
    }
}

/// The sums at the end of callgrind's file, which has no zeros at the end of a line.
fn totals(log: &str) -> Option<Counts> {
    let words = |name: &str| {
        let line = log.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().collect::<Vec<_>>())
    };
    let (events, totals) = (words("events:")?, words("totals:")?);
    let total = |event: &str| {
        let at = events.iter().position(|name| *name == event)?;
        totals.get(at).map_or(Some(0), |number| number.parse().ok())
    };
    Some(Counts {
        instructions: total("Ir")?,
        exchanges: total("Ge")?,
        system_calls: total("sysCount")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Counts, totals};

    #[test]
    fn the_totals_of_callgrind_are_read() {
        let log = "events: Ir Ge sysCount sysTime\nsummary: 9 9 9 9\n\ntotals: 357801 2046\n";
        let counts = Counts { instructions: 357_801, exchanges: 2046, system_calls: 0 };
        assert_eq!(totals(log), Some(counts));
        assert_eq!(totals("events: Ir Dr\ntotals: 1 2\n"), None);
    }
}
