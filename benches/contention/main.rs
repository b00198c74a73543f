//! Mutexes under contention, side by side: how much gets done, how fairly, and at what cost.
//!
//! Criterion measures one thing at a time; here the rounds of all locks are interleaved, so that a
//! slow minute of the machine is every lock's, and what is reported beside the throughput is what a
//! throughput alone hides: how unequally the threads were served, how long the unluckiest one
//! waited, how much processor time an operation took. All figures are ratios or counts but for the
//! waits, which are compared in the same run.
//!
//! - `goals` compares the mutex with its rivals over a grid of cells, and prints the means.
//! - `table` prints the table of the crate's documentation: every stage and every rival.
//! - `evidence` weighs unlocking by a store, for the documentation of that stage.
//!
//! # What these numbers favour
//!
//! - A section works on the data behind the lock, in one chain of dependent steps, so sections
//!   cannot overlap. Thinking works on the thread's own data.
//! - The machine matters: on two processors a lock that lets one thread run on is at its best.
//! - Sections of nothing reward a lock that lets one thread run away: look at Jain's index.

mod cell;
mod evidence;
mod goals;
mod locks;
mod race;
mod syscalls;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    // `cargo bench` adds this of its own accord.
    let mut words: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let effort = if let Some(at) = words.iter().position(|word| word == "--quick") {
        words.remove(at);
        cell::Effort::QUICK
    } else {
        cell::Effort::FULL
    };
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["goals"] => goals::run(&effort),
        ["table"] => table::run(&effort),
        ["evidence"] => evidence::run(),
        [evidence::REGISTER, other] => evidence::register(other),
        _ => {
            eprintln!("usage: contention [--quick] goals | table | evidence");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
