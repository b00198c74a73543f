//! The tour: one job under every kind of lock, what it loses without, and that it loses nothing
//! with.
//!
//! Each part of each step runs the job, counts what went wrong, and hands in the record of what
//! happened to the lock. From that record come a verdict, a log and a picture; together they make
//! a page.

mod audit;
mod book;
mod children;
mod figures;
mod ledger;
mod page;
mod progress;
mod report;
mod server;
mod steps;
mod store;
mod words;
pub(crate) mod worker;

pub(crate) use steps::Step;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use lockset::{FileGuard, FileLock, Lock};

use crate::args::TourOptions;
use crate::error::{Context, Result};
use ledger::Ledger;
use progress::Progress;
use report::{Record, Report};
use steps::{PARTS, Part};

/// What every step works with.
pub(crate) struct Tour {
    ledger: Ledger,
    /// The folder for all that the tour writes.
    out: PathBuf,
    /// The lock of the remote steps, if there are any, or the user has named one.
    url: Option<String>,
    progress: Arc<Progress>,
    /// Keeps other tours out of the folder.
    _alone: FileGuard,
}

impl Tour {
    fn url(&self) -> Result<&str> {
        Ok(self.url.as_deref().ok_or("no server was chosen")?)
    }
}

/// Runs the tour; fails if something does not work, and if a part does not show what it should.
pub(crate) fn run(options: &TourOptions) -> Result<()> {
    let started = Instant::now();
    let chosen = |part: &&Part| options.step.is_none_or(|step| step == part.step);
    let parts: Vec<&Part> = PARTS.iter().filter(chosen).collect();
    let tour = prepare(options, &parts)?;

    if !options.json {
        say(&report::introduction(&tour.ledger))?;
    }
    let mut records = Vec::new();
    for part in parts {
        tour.progress.begin(part.label(), tour.ledger.payments.len());
        let seen = (part.show)(&tour);
        tour.progress.end();
        let seen = seen.context(format!("step {}", part.label()))?;
        let record = Record::new(part, seen);
        record.save(&tour.out)?;
        if !options.json {
            say(&record.in_plain_words())?;
        }
        records.push(record);
    }

    let path = page_path(&tour.out);
    fs::write(&path, page::page(&records)).context(cannot_write(&path))?;
    let page = fs::canonicalize(&path).unwrap_or(path);
    let report = Report::new(&tour.ledger, records, &page, started.elapsed());
    if options.json {
        say(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        say(&format!("\nThe pictures, and what they show: {}\n", page.display()))?;
    }
    report.verdict()
}

/// Everything that can be known to fail before the long steps fails here.
fn prepare(options: &TourOptions, parts: &[&Part]) -> Result<Tour> {
    let ledger = Ledger::load(options.ledger.as_deref())?;
    let out = &options.out;
    let page = page_path(out);
    fs::create_dir_all(out).context(cannot_write(&page))?;
    let alone = alone_in(out)?;
    fs::write(&page, page::page(&[])).context(cannot_write(&page))?;
    let out = fs::canonicalize(out).context(cannot_write(&page))?;
    if parts.iter().any(|part| part.step.needs_processes()) {
        as_text(&out)?;
    }
    let mut url = None;
    if options.url.is_some() || parts.iter().any(|part| part.step.needs_server()) {
        let chosen = server::url(options.url.as_deref(), &out)?;
        server::try_out(&chosen)?;
        url = Some(chosen);
    }
    Ok(Tour { ledger, out, url, progress: Arc::new(Progress::new()), _alone: alone })
}

/// Takes the folder for this run: two tours that book in the same files spoil each other's figures,
/// and would accuse the locks of it. The kernel frees it however the run ends.
fn alone_in(out: &Path) -> Result<FileGuard> {
    let lock = FileLock::open(out.join("tour.lock")).context(cannot_write(out))?;
    let taken =
        || format!("another tour is writing to {}; give --out another folder", out.display());
    Ok(lock.try_lock().context(cannot_write(out))?.ok_or_else(taken)?)
}

/// The folder's name, for those who take no other than text.
fn as_text(out: &Path) -> Result<&str> {
    let why = || {
        let out = out.display();
        format!("the name of {out} is no text, and processes need it; give --out another folder")
    };
    Ok(out.to_str().ok_or_else(why)?)
}

fn page_path(out: &Path) -> PathBuf {
    out.join("index.html")
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Prints to stdout. A reader that has gone away, as `head` does, is no reason to stop.
fn say(text: &str) -> Result<()> {
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        _ => Ok(()),
    }
}
