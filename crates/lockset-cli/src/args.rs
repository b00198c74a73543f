//! The command line.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::error::complain;
use crate::tour::Step;

#[derive(Parser)]
#[command(name = "lockset", version, about = "Locks that fail, and locks that hold")]
#[command(after_help = "Without a command it runs the tour.")]
struct Cli {
    /// What to do; the guided tour if nothing is said.
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the command can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run one job under every kind of lock, and see what is lost without
    Tour(TourOptions),
    /// Measure every lock beside its rivals: throughput, fairness, waits and processor time
    Compare(CompareOptions),
    /// One round of the comparison, which takes its plan from stdin
    #[command(hide = true)]
    CompareRound,
    /// One of the tour's own processes, which takes its orders from stdin
    #[command(hide = true)]
    Worker,
}

/// How to run the tour.
#[derive(clap::Args, Default)]
pub(crate) struct TourOptions {
    /// Run this step only
    #[arg(value_enum, value_name = "STEP")]
    pub(crate) step: Option<Step>,
    /// Payments to book, as lines of `from,to,cents,note` [default: 4,000 made-up ones]
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,
    /// Who keeps the leases: sqlite:PATH or redis://HOST:PORT/DB, with #NAME to choose the lock's
    /// name [default: a SQLite database in the folder of --out]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The folder for the page, the pictures and the logs
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    pub(crate) out: PathBuf,
    /// Print all figures as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to run the comparison.
#[derive(clap::Args)]
pub(crate) struct CompareOptions {
    #[command(flatten)]
    pub(crate) options: lockset_compare::Options,
    /// Also compare leases on this server, as redis://HOST:PORT/DB, or on a quorum of several with
    /// commas between; may be said several times
    #[arg(long, value_name = "URL")]
    pub(crate) server: Vec<String>,
}

const DEFAULT_OUT: &str = "lockset-tour";

/// Reads the command line; if there is nothing to run, says how to exit.
pub(crate) fn parse() -> Result<Command, ExitCode> {
    match Cli::try_parse() {
        Ok(Cli { command: Some(command) }) => Ok(command),
        Ok(Cli { command: None }) => {
            Ok(Command::Tour(TourOptions { out: DEFAULT_OUT.into(), ..TourOptions::default() }))
        }
        Err(error) => Err(told(&error)),
    }
}

/// Prints what was asked for, or what is wrong in one line: clap takes a paragraph.
fn told(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match error.print().and_then(|()| io::stdout().flush()) {
            // A reader that has gone away wanted no help after all.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                complain(&format!("cannot write to stdout: {error}"));
                ExitCode::FAILURE
            }
            _ => ExitCode::SUCCESS,
        };
    }
    let text = error.to_string();
    let lines = text.lines().map(str::trim);
    let of_interest = lines
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .filter(|line| !line.is_empty() && !line.starts_with("tip:"));
    let line = of_interest.collect::<Vec<_>>().join(" ");
    complain(line.trim_start_matches("error: "));
    ExitCode::from(2)
}
