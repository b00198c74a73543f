//! File locks side by side: without contention, from one process to another, and with threads of
//! one process that all want the same file.
//!
//! The rounds of all of them are interleaved, and every figure is a ratio to one of them in the
//! same run: the median over the rounds, with the least and the most. Each section checks the lock.
//!
//! # What these numbers favour
//!
//! - The lock file is on the disk that the target directory is on; nothing is ever written to it.
//! - Sections of threads are some nanoseconds long, so they show what the lock itself costs. One
//!   that keeps the lock within the process then does most; between processes it makes no
//!   difference.
//! - From release to acquired: the waiter sleeps in the kernel, where it does, before the lock is
//!   released; one that polls is in the middle of a pause, as it nearly always is.

mod processes;
mod rivals;
mod table;
mod threads;
mod uncontended;

use std::process::ExitCode;

fn main() -> ExitCode {
    // `cargo bench` adds this of its own accord.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [role, kind, path] = &words[..]
        && role == processes::WAITER
    {
        processes::wait(kind, path.as_ref());
        return ExitCode::SUCCESS;
    }
    let all = ["uncontended", "processes", "threads"];
    let chosen: Vec<&str> =
        if words.is_empty() { all.to_vec() } else { words.iter().map(String::as_str).collect() };
    for what in chosen {
        match what {
            "uncontended" => uncontended::report(),
            "processes" => processes::report(),
            "threads" => threads::report(),
            _ => {
                eprintln!("usage: files [{}]", all.join(" | "));
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
