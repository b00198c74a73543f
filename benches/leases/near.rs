//! On a server of this machine, with client and server on one processor: what the client costs.
//!
//! On two processors a round trip takes six to twenty times as long, and how long depends on what
//! the machine did just before; on one it is always the same.

use std::collections::BTreeMap;
use std::time::Duration;

use lockset_compare::stats::median;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::bare::{blocking, in_a_task};
use crate::bound::pairs_per_second;
use crate::commands::Script;
use crate::line::Line;
use crate::lists::SIMPLEST;
use crate::rival::{Entry, Figure};
use crate::rounds::{Effort, interleaved, spread, table};

const PINGS: usize = 199;
/// At once, each with a lock of its own.
const TASKS: usize = 64;

/// Puts this thread on one processor, and so all that it starts: threads, servers, children.
pub(crate) fn stay_on_one_processor() {
    let allowed = sched_getaffinity(None).expect("the kernel tells");
    let last = (0..CpuSet::MAX_CPU).rfind(|cpu| allowed.is_set(*cpu)).expect("it runs on one");
    let mut one = CpuSet::new();
    one.set(last);
    sched_setaffinity(None, &one).expect("it is one of those allowed");
}

/// What a pair of each entry sends, by its name.
pub(crate) type Scripts = BTreeMap<&'static str, Figure<Script>>;

pub(crate) fn scripts(line: &mut Line, entries: &mut [Entry]) -> Scripts {
    let server = line.server();
    let ask = |entry: &mut Entry| {
        let name = line.fresh_name();
        (entry.name, entry.measure(|measured| Script::of(measured, server, &name)))
    };
    entries.iter_mut().map(ask).collect()
}

/// How long a pair takes, three times over.
struct Pair {
    /// As a multiple of what it takes the bare client to send the same commands.
    of_bare: f64,
    in_rtt: f64,
    commands: usize,
}

pub(crate) fn pairs(effort: &Effort, line: &mut Line, entries: &mut [Entry], scripts: &Scripts) {
    let (rounds, count) = effort.near_pairs;
    let url = line.url();
    let figures = interleaved(
        entries,
        |_| true,
        rounds,
        |entry| {
            let (rtt, name) = (line.rtt(PINGS), line.fresh_name());
            let commands = scripts[entry.name].clone()?.commands;
            let own = median(entry.measure(|measured| measured.pairs(&name, count))?);
            let replay = if entry.kind.blocks { blocking } else { in_a_task };
            let bare = median(replay(&url, &commands, count));
            Ok(Pair { of_bare: own / bare, in_rtt: own / rtt, commands: commands.len() })
        },
    );
    println!("\n## Client and server on one processor");
    let head = " a pair, of the bare client's same commands | in RTT | commands ";
    table(head, entries, &figures, "", |rounds| {
        let each = |of: fn(&Pair) -> f64| spread(rounds.iter().map(of));
        vec![each(|p| p.of_bare), each(|p| p.in_rtt), rounds[0].commands.to_string()]
    });
}

/// How many pairs many tasks get done over one connection, as shares of two bounds.
struct Share {
    /// Of what the server can do with `SET` and the usual script.
    of_simplest: f64,
    /// Of what it can do with the commands of the very lock.
    of_own: f64,
}

pub(crate) fn tasks(effort: &Effort, line: &mut Line, entries: &mut [Entry], scripts: &Scripts) {
    let (rounds, span) = effort.tasks;
    let span = Duration::from_millis(span);
    let server = line.server();
    let bound = |name| pairs_per_second(server, &scripts[name].clone()?);
    let figures = interleaved(
        entries,
        |kind| kind.shares,
        rounds,
        |entry| {
            let (simplest, own) = (bound(SIMPLEST)?, bound(entry.name)?);
            // The bounds have forgotten what the server knew.
            let name = line.fresh_name();
            let rate = entry.measure(|measured| measured.tasks(&name, TASKS, span))?;
            Ok(Share { of_simplest: rate / simplest, of_own: rate / own })
        },
    );
    println!("\n## {TASKS} tasks, each with a lock of its own, over one connection");
    let head = " of the bound of `SET` and `EVALSHA` | of the bound of its own commands ";
    table(head, entries, &figures, "one exchange at a time", |rounds| {
        let each = |of: fn(&Share) -> f64| spread(rounds.iter().map(of));
        vec![each(|s| s.of_simplest), each(|s| s.of_own)]
    });
}
