//! The table of the crate's documentation: what each stage and each rival costs.

use crate::cell::{Cell, Effort};
use crate::locks::{
    ASYMMETRIC, BARGING, BOUNDED, FIFO, LADDER, Lock, PARKING_LOT, SPIN, STD, USYNC,
};
use crate::race::{Outcome, Waits};
use crate::syscalls;
use lockset_bench::stats::median;

/// A short section and a short thought: neither an idle lock nor one that does nothing else.
const SECTION: u32 = 50;
const THINK: u32 = 50;
const THREADS: [u32; 4] = [1, 2, 8, 32];
/// Where fairness, waits and costs are measured: more threads than processors, as in most programs.
const CROWD: u32 = 8;

const HEAD: &str = "| lock | RMWs | bytes | throughput 1 | 2 | 8 | 32 | Jain | p99.9 us \
    | longest ms | cpu | syscalls |";

pub(crate) fn run(effort: &Effort) {
    let rivals = [BOUNDED, BARGING, FIFO, ASYMMETRIC, STD, PARKING_LOT, USYNC, SPIN];
    let locks: Vec<Lock> = LADDER.iter().chain(&rivals).copied().collect();
    let base = locks.iter().position(|lock| lock.name == PARKING_LOT.name).unwrap_or(0);
    let rates = THREADS.map(|threads| rates(&locks, threads, effort));
    let crowd = Cell { threads: CROWD, section: SECTION, think: THINK };
    let waits: Vec<Outcome> =
        locks.iter().map(|lock| (lock.race)(crowd, effort.wait_span, Waits::Timed)).collect();
    println!("{HEAD}\n|{}", "---|".repeat(HEAD.matches('|').count() - 1));
    for (index, lock) in locks.iter().enumerate() {
        let relative = |rates: &[(f64, f64)]| rates[index].0 / rates[base].0;
        let [one, two, eight, many] = [0, 1, 2, 3].map(|at| relative(&rates[at]));
        let cpu = rates[2][index].1 / rates[2][base].1;
        let outcome = &waits[index];
        let calls = syscalls::per_section(lock, crowd, effort.span)
            .map_or_else(|error| format!("({error})"), |calls| format!("{calls:.4}"));
        println!(
            "| `{}` | {} | {} | {one:.2} | {two:.2} | {eight:.2} | {many:.2} | {:.2} | {:.1} \
             | {:.1} | {cpu:.2} | {calls} |",
            lock.name,
            lock.exchanges,
            lock.bytes,
            outcome.jain,
            outcome.waits.quantile(0.999) as f64 / 1e3,
            outcome.waits.longest() as f64 / 1e6,
        );
    }
}

/// The median throughput and processor time of each lock, in interleaved rounds.
fn rates(locks: &[Lock], threads: u32, effort: &Effort) -> Vec<(f64, f64)> {
    let cell = Cell { threads, section: SECTION, think: THINK };
    let mut outcomes = vec![Vec::new(); locks.len()];
    for _ in 0..effort.rounds {
        for (lock, outcomes) in locks.iter().zip(&mut outcomes) {
            outcomes.push((lock.race)(cell, effort.span, Waits::Untimed));
        }
    }
    let medians = outcomes.iter().map(|outcomes: &Vec<Outcome>| {
        let rate = median(outcomes.iter().map(|outcome| outcome.rate));
        (rate, median(outcomes.iter().map(|outcome| outcome.cpu)))
    });
    medians.collect()
}
