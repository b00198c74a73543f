//! Semaphores side by side: without contention, and with threads or tasks that wait.
//!
//! As in `contention`, the rounds of all of them are interleaved, and every figure is a ratio to a
//! rival in the same run, with Jain's index beside it. Every run checks the semaphore: with one
//! permit a plain counter has to be exact, and with several all have to be back in the end.
//!
//! # What these numbers favour
//!
//! - Sections of 50 ns and thoughts of 50 ns: the semaphore's own cost decides.
//! - Threads contend with a semaphore whose permits they hold for a moment; so one that lets the
//!   running thread take the permit again does most, and one that serves in order has to switch
//!   threads for each permit. Both are shown, and the index tells them apart.
//! - A task holds its permits over one turn of the others, else none would ever wait.

mod allocations;
mod report;
mod rivals;
mod tasks;
mod threads;
mod uncontended;

use std::process::ExitCode;

fn main() -> ExitCode {
    // `cargo bench` adds this of its own accord.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let (is_quick, words): (Vec<_>, Vec<_>) = words.iter().partition(|word| *word == "--quick");
    let effort = if is_quick.is_empty() { report::Effort::FULL } else { report::Effort::QUICK };
    let all = ["allocations", "uncontended", "threads", "tasks"];
    let chosen =
        if words.is_empty() { all.to_vec() } else { words.iter().map(|w| w.as_str()).collect() };
    for what in chosen {
        match what {
            "allocations" => allocations::report(),
            "uncontended" => uncontended::report(&effort),
            "threads" => threads::report(&effort),
            "tasks" => tasks::report(&effort),
            _ => {
                eprintln!("usage: permits [--quick] [{}]", all.join(" | "));
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
