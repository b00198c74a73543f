//! A run: its rounds, each in a process of its own, and what they come to.
//!
//! A process is dealt some things once: where its memory lies, on which processor its first thread
//! starts. If all rounds were of one process, the figures of a run would agree with each other and
//! not with the next run.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::entry::{Entry, Primitive};
use crate::options::Options;
use crate::random::Random;
use crate::report::Report;
use crate::sample::Outcome;
use crate::scenario::Scenario;
use crate::{Result, Server};

/// How the locks are made that a program compares.
pub type Entries = fn(&[Server]) -> Vec<Entry>;

/// What the process of a round is told.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    only: Vec<Primitive>,
    against: Option<String>,
    scenario: Option<String>,
    full: bool,
    seed: u64,
    round: u32,
    servers: Vec<Server>,
    /// Locks with a fault, which would only take time.
    without: Vec<String>,
}

/// What it answers, a line for each measurement.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    lock: String,
    scenario: String,
    outcome: Outcome,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The lock and the scenario that were measured last.
    pub last: (&'a str, &'a str),
    /// The measurements that are done, and all of them.
    pub done: (usize, usize),
    /// Since the run began.
    pub elapsed: Duration,
}

/// Measures everything.
///
/// `command` starts this program again, for a round: it has to call [`round`], with the same
/// `entries`.
///
/// # Errors
///
/// If the options name no lock, or the process of a round ends early. What is wrong with a lock is
/// no error but its result.
pub fn run(
    options: &Options,
    entries: Entries,
    servers: &[Server],
    command: impl Fn() -> Result<Command>,
    mut tell: impl FnMut(Progress<'_>),
) -> Result<Report> {
    let started = Instant::now();
    let chosen = options.chosen(entries(servers))?;
    let (rounds, seed) = (options.rounds(), options.seed());
    let a_round: usize = chosen.iter().map(|entry| options.scenarios(entry).count()).sum();
    let all = a_round * rounds as usize;
    let mut report = Report::new(!options.full, seed, rounds, &chosen);
    let mut done = 0;
    for round in 0..rounds {
        let faulty = report.locks.iter().filter(|lock| lock.fault.is_some());
        let plan = Plan {
            only: options.only.clone(),
            against: options.against.clone(),
            scenario: options.scenario.clone(),
            full: options.full,
            seed,
            round,
            servers: servers.to_vec(),
            without: faulty.map(|lock| lock.id()).collect(),
        };
        let mut answered = 0;
        ask(command()?, &plan, |answer| {
            answered += 1;
            let last = (answer.lock.as_str(), answer.scenario.as_str());
            tell(Progress { last, done: (done + answered, all), elapsed: started.elapsed() });
            if let Some(lock) = report.locks.iter_mut().find(|lock| lock.id() == answer.lock) {
                lock.add(&answer.scenario, answer.outcome);
            }
        })?;
        done += a_round;
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Runs one round in another process.
fn ask(mut command: Command, plan: &Plan, mut hear: impl FnMut(Answer)) -> Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(serde_json::to_string(plan)?.as_bytes())?;
    }
    let mut heard = Ok(());
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            match line.map_err(Into::into).and_then(|line| Ok(serde_json::from_str(&line)?)) {
                Ok(answer) => hear(answer),
                Err(error) => {
                    heard = Err(error);
                    break;
                }
            }
        }
    }
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("the process of round {} ended with {status}", plan.round + 1).into());
    }
    heard
}

/// The whole of a round: reads from `plan` what to do, and writes what it came to.
///
/// # Errors
///
/// If the plan cannot be read, or nobody reads the answers any more.
pub fn round(plan: impl std::io::Read, mut answers: impl Write, entries: Entries) -> Result<()> {
    let plan: Plan = serde_json::from_reader(plan)?;
    // What a lock panics with is its row's to tell.
    std::panic::set_hook(Box::new(|_| {}));
    let (only, against) = (plan.only.clone(), plan.against.clone());
    let options = Options {
        only,
        against,
        scenario: plan.scenario.clone(),
        full: plan.full,
        seed: Some(plan.seed),
        ..Options::default()
    };
    let mut chosen = options.chosen(entries(&plan.servers))?;
    chosen.retain(|entry| !plan.without.contains(&entry.id()));
    let dir = tempfile::Builder::new().prefix("lockset-compare").tempdir_in(a_disk())?;
    let mut random = Random::new(plan.seed + u64::from(plan.round));
    let mut faulty = Vec::new();
    for (nth, (at, scenario)) in order(&options, &chosen, &mut random).into_iter().enumerate() {
        let entry = &chosen[at];
        if faulty.contains(&at) {
            continue;
        }
        let name = format!("lockset-compare-{}-{}-{nth}", std::process::id(), plan.seed);
        let seed = random.below(1 << 32);
        let Some(outcome) = entry.run(scenario, dir.path(), name, 1, seed) else { continue };
        if outcome.is_err() {
            faulty.push(at);
        }
        let answer = Answer { lock: entry.id(), scenario: scenario.to_string(), outcome };
        writeln!(answers, "{}", serde_json::to_string(&answer)?)?;
        answers.flush()?;
    }
    Ok(())
}

/// All that is to be measured: what is compared with each other stands together, and every round
/// has an order of its own, since what ran just before leaves its mark.
fn order(
    options: &Options,
    entries: &[Entry],
    random: &mut Random,
) -> Vec<(usize, &'static Scenario)> {
    let mut cells: Vec<(Primitive, &'static Scenario, Vec<usize>)> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        for scenario in options.scenarios(entry) {
            let found = cells.iter_mut().find(|c| c.0 == entry.primitive && c.1 == scenario);
            match found {
                Some(cell) => cell.2.push(at),
                None => cells.push((entry.primitive, scenario, vec![at])),
            }
        }
    }
    random.shuffle(&mut cells);
    cells.iter_mut().for_each(|cell| random.shuffle(&mut cell.2));
    cells.into_iter().flat_map(|cell| cell.2.into_iter().map(move |at| (at, cell.1))).collect()
}

/// Where temporary files are often kept in memory, a lock file or a database is none of a disk's.
fn a_disk() -> std::path::PathBuf {
    let is_there = |dir: &&str| std::path::Path::new(dir).is_dir();
    let found = ["/var/tmp"].into_iter().find(is_there);
    found.map_or_else(std::env::temp_dir, Into::into)
}
