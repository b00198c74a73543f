//! The `lockset` command: the guided tour, which it also runs when it is given no verb, and the
//! comparison of every lock with its rivals.

#![forbid(unsafe_code)]

// The tour stops a process and reads files at an offset, as Unix does it.
#[cfg(not(unix))]
compile_error!("the lockset command needs a Unix system; the crate lockset itself does not");

mod args;
mod compare;
mod error;
mod tour;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let command = match args::parse() {
        Ok(command) => command,
        Err(exit) => return exit,
    };
    let done = match command {
        Command::Tour(options) => tour::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::CompareRound => compare::round(),
        Command::Worker => return tour::worker::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error::complain(&error::in_one_line(&*error));
            ExitCode::FAILURE
        }
    }
}
