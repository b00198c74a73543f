//! `cargo xtask micro`: the benchmarks of criterion, as ratios.
//!
//! An absolute time says more about the machine and its mood than about a lock. So each lock is
//! compared with a rival measured in the same round, and the rounds are whole runs one after
//! another, so that a slow minute of the machine shows as a wide range and not as a slow lock.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use crate::Result;
use crate::process::{cargo, run as run_command, target_dir};

/// The benchmarks of criterion, and the rival that is 1.00 in each; the names of a benchmark's
/// groups begin with its own.
const BASELINES: &[(&str, &str)] = &[
    ("mutex", "parking_lot"),
    ("semaphore", "mutex+condvar"),
    ("checked", "bare"),
    ("file", "bare flock"),
    ("sqlite", "bare transaction"),
];

/// How much is measured; the times are criterion's, in seconds a benchmark.
pub(crate) struct Effort {
    rounds: usize,
    warm_up: &'static str,
    measurement: &'static str,
    samples: &'static str,
}

pub(crate) const FULL: Effort = Effort { rounds: 3, warm_up: "1", measurement: "3", samples: "50" };

/// Some 25 benchmarks stay below five minutes in all.
pub(crate) const QUICK: Effort =
    Effort { rounds: 2, warm_up: "0.3", measurement: "1", samples: "20" };

/// The median times of one function, one for each round.
type Times = BTreeMap<usize, f64>;

/// Functions and their times, by group and then by function; a group with parameters is one
/// group for each value.
type Groups = BTreeMap<String, BTreeMap<String, Times>>;

pub(crate) fn run(effort: &Effort) -> Result<ExitCode> {
    // A home of our own, emptied first: the results of a benchmark that has been renamed or
    // removed since would otherwise stay in the table.
    let home = target_dir()?.join("lockset-bench");
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    for round in 1..=effort.rounds {
        println!("\nround {round} of {}", effort.rounds);
        measure(effort, round, &home)?;
    }
    let mut groups = Groups::new();
    collect(&home, &mut groups)?;
    print!("{}", table(&groups, effort.rounds)?);
    Ok(ExitCode::SUCCESS)
}

fn measure(effort: &Effort, round: usize, home: &Path) -> Result<()> {
    // By name, since not everything that is a bench target knows criterion's options.
    let mut bench = cargo(&["bench", "--package", "lockset-bench"]);
    BASELINES.iter().for_each(|(name, _)| _ = bench.args(["--bench", name]));
    bench.args(["--", "--quiet", "--noplot", "--save-baseline", &format!("round{round}")]);
    bench.args(["--warm-up-time", effort.warm_up, "--measurement-time", effort.measurement]);
    bench.args(["--sample-size", effort.samples]);
    run_command(bench.env("CRITERION_HOME", home))
}

/// Gathers the results below `dir`; those of one round are in a directory named after it.
fn collect(dir: &Path, groups: &mut Groups) -> Result<()> {
    let entries =
        fs::read_dir(dir).map_err(|error| format!("no results in {}: {error}", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match name.strip_prefix("round").and_then(|round| round.parse().ok()) {
            Some(round) if path.join("estimates.json").exists() => add(&path, round, groups)?,
            _ => collect(&path, groups)?,
        }
    }
    Ok(())
}

fn add(dir: &Path, round: usize, groups: &mut Groups) -> Result<()> {
    // The directories' names have lost the slashes and more, so the ids come from the file.
    let id = read_json(&dir.join("benchmark.json"))?;
    let estimates = read_json(&dir.join("estimates.json"))?;
    let text = |field: &str| id[field].as_str().unwrap_or_default().to_owned();
    let median = estimates["median"]["point_estimate"]
        .as_f64()
        .ok_or_else(|| format!("no median in {}", dir.display()))?;
    let mut group = text("group_id");
    if let Some(value) = id["value_str"].as_str() {
        group = format!("{group}/{value}");
    }
    groups.entry(group).or_default().entry(text("function_id")).or_default().insert(round, median);
    Ok(())
}

fn read_json(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?)
}

fn table(groups: &Groups, rounds: usize) -> Result<String> {
    if groups.is_empty() {
        return Err("the benchmarks left no results".into());
    }
    let mut text = format!("\nmedian of {rounds} rounds (min..max), less is faster\n");
    for (group, functions) in groups {
        let (_, rival) = BASELINES
            .iter()
            .find(|(prefix, _)| group.starts_with(prefix))
            .ok_or_else(|| format!("group `{group}` has no baseline; name one in micro.rs"))?;
        let rival_times = functions
            .get(*rival)
            .ok_or_else(|| format!("group `{group}` lacks its baseline `{rival}`"))?;
        text += &format!("\n{group}\n{:>8}  {rival}\n", "1.00");
        for (function, times) in functions.iter().filter(|(function, _)| function != rival) {
            let ratios = ratios(times, rival_times, rounds)
                .ok_or_else(|| format!("`{group}/{function}` lacks the results of a round"))?;
            let (median, [min, max]) = (median(&ratios), [ratios[0], ratios[ratios.len() - 1]]);
            text += &format!("{median:>8.2}  {function}  ({min:.2}..{max:.2})\n");
        }
    }
    Ok(text)
}

/// The ratio of each round, in ascending order; none if a round is missing on either side.
fn ratios(times: &Times, rival: &Times, rounds: usize) -> Option<Vec<f64>> {
    let ratio = |round| Some(times.get(&round)? / rival.get(&round)?);
    let mut ratios = (1..=rounds).map(ratio).collect::<Option<Vec<f64>>>()?;
    ratios.sort_by(f64::total_cmp);
    Some(ratios)
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, Groups, table};

    fn group(functions: &[(&str, &[f64])]) -> Groups {
        let times = |times: &[f64]| (1..).zip(times.iter().copied()).collect();
        let functions = functions.iter().map(|(name, list)| ((*name).into(), times(list)));
        BTreeMap::from([("mutex/uncontended".into(), functions.collect())])
    }

    #[test]
    fn compares_within_each_round() {
        // The machine was twice as slow in round 2, and the lock is still half as fast.
        let groups = group(&[("parking_lot", &[10.0, 20.0]), ("mine", &[20.0, 44.0])]);
        let table = table(&groups, 2).expect("complete");
        assert!(table.contains("mutex/uncontended\n    1.00  parking_lot\n"), "{table}");
        assert!(table.contains("    2.10  mine  (2.00..2.20)\n"), "{table}");
    }

    #[test]
    fn a_missing_result_is_an_error() {
        assert!(table(&Groups::new(), 1).is_err());
        assert!(table(&group(&[("mine", &[1.0])]), 1).is_err());
        assert!(table(&group(&[("parking_lot", &[1.0, 1.0]), ("mine", &[1.0])]), 2).is_err());
    }
}
