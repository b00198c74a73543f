//! Locks kept by Redis, side by side: alone, handed over, contended, and many at once.
//!
//! The rounds of all of them are interleaved. On the far server, whose every message a proxy keeps
//! for a while, each figure is a multiple of the round trip that was measured just before, by a
//! raw socket through the same proxy; so it tells what the protocol costs and not what the machine
//! was doing. On the near server it is a multiple of what the bare client takes for the very
//! commands of that lock: what the library around it costs.
//!
//! # What these numbers favour
//!
//! - Sections are empty: whoever polls and comes by when the lock is free has it, and one that
//!   serves in order has a whole way to the next waiter and back in every grant.
//! - The contenders of one lock are in one process, each with a connection of its own: no lock can
//!   spare a message by keeping it in the process.
//! - All keep the defaults of their library, and a lease of 10 s. With a shorter pause those that
//!   poll would hand over sooner, and load the server more.
//! - Node and Python measure inside themselves. Theirs is the time of their language as well.
//! - Redis runs without persistence and without replicas.

mod bare;
mod bound;
mod child;
mod commands;
mod etcd;
mod fan_out;
mod far;
mod holds;
mod in_process;
mod line;
mod lists;
mod many;
mod near;
mod ours;
mod quorum;
mod rival;
mod rounds;
mod servers;

use std::env;
use std::process::{Command, ExitCode};

use line::Line;
use rival::Entry;
use rounds::Effort;

fn main() -> ExitCode {
    // `cargo bench` adds this of its own accord.
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let (quick, words): (Vec<_>, Vec<_>) = words.iter().partition(|word| *word == "--quick");
    let or_quick = |full| if quick.is_empty() { full } else { Effort::QUICK };
    let effort = or_quick(Effort::FULL);
    let are_all_well = match words.iter().map(|word| word.as_str()).collect::<Vec<_>>()[..] {
        [] => {
            let are_well = [far(&effort), in_a_process("near", &quick)];
            many::report(&mut Line::near());
            are_well.iter().all(|well| *well)
        }
        ["many"] => {
            many::report(&mut Line::near());
            true
        }
        ["far"] => far(&effort),
        ["mysql"] => one_kind(&effort, Line::far_mariadb(), lists::of_mysql),
        ["postgres"] => one_kind(&effort, Line::far_postgres(), lists::of_postgres),
        ["zookeeper"] => one_kind(&effort, Line::far_zookeeper(), lists::of_zookeeper),
        ["servers"] => {
            servers::report(&effort);
            true
        }
        ["near"] => near(&effort),
        ["redlock"] => {
            let are_well = [
                quorum::far_away(&or_quick(Effort::OF_QUORUMS)),
                in_a_process("redlock-near", &quick),
            ];
            are_well.iter().all(|well| *well)
        }
        ["etcd"] => etcd::report(&effort),
        ["redlock-near"] => {
            quorum::near(&or_quick(Effort::OF_QUORUMS));
            true
        }
        _ => {
            let parts = "far | near | many | etcd | mysql | postgres | zookeeper | servers | \
                         redlock | redlock-near | compare";
            eprintln!("usage: leases [--quick] [{parts}]");
            return ExitCode::from(2);
        }
    };
    // A row with an error is no table to rely on.
    if are_all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn far(effort: &Effort) -> bool {
    holds::assert_overlaps_are_found(line::ONE_WAY);
    let mut line = Line::far();
    let mut entries = lists::entries(&line.url());
    far::pairs(effort, &mut line, &mut entries);
    far::hand_overs(effort, &mut line, &mut entries);
    far::races(effort, &mut line, &mut entries, &[8, 32]);
    are_well(&entries)
}

/// The locks of another kind of server than Redis.
fn one_kind(effort: &Effort, mut line: Line, entries: fn(&str) -> Vec<Entry>) -> bool {
    holds::assert_overlaps_are_found(line::ONE_WAY);
    let mut entries = entries(&line.url());
    far::pairs(effort, &mut line, &mut entries);
    far::hand_overs(effort, &mut line, &mut entries);
    far::races(effort, &mut line, &mut entries, &[2, 8, 32]);
    are_well(&entries)
}

/// A process of its own, since a lock may have threads that were started before.
fn in_a_process(what: &str, quick: &[&String]) -> bool {
    let own = env::current_exe().expect("a program");
    let status = Command::new(own).args(quick).arg(what).status();
    status.expect("it starts").success()
}

fn near(effort: &Effort) -> bool {
    near::stay_on_one_processor();
    let mut line = Line::near();
    let mut entries = lists::entries(&line.url());
    let scripts = near::scripts(&mut line, &mut entries);
    near::pairs(effort, &mut line, &mut entries, &scripts);
    near::tasks(effort, &mut line, &mut entries, &scripts);
    are_well(&entries)
}

fn are_well(entries: &[Entry]) -> bool {
    entries.iter().all(|entry| entry.measured.is_ok())
}
