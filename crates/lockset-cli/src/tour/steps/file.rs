//! Processes that share a file of accounts, without a lock and with a lock on a file.

use std::path::PathBuf;

use lockset::FileLock;
use lockset_trace::{Event, Recorder};
use serde::{Deserialize, Serialize};

use super::{Seen, Task as AnyTask};
use crate::error::{Context, Result};
use crate::tour::Tour;
use crate::tour::audit::audit;
use crate::tour::book::{Entry, FileBook, NoLock, pay};
use crate::tour::children::{Worker, together};
use crate::tour::ledger::Payment;
use crate::tour::worker::{Boss, News};

pub(super) const STORY: (&str, &str) = (
    "Processes and a file",
    "A mutex lives in the memory of one process, and the next process does not see it. Four \
     processes now book the payments in one file, each reading two lines and writing them back. \
     What they share is the file system, so the lock is a file: the kernel keeps it, and frees it \
     when its holder dies.",
);

const WORKERS: usize = 4;

pub(super) fn without(tour: &Tour) -> Result<Seen> {
    book_in_file(tour, "without", None)
}

pub(super) fn with(tour: &Tour) -> Result<Seen> {
    book_in_file(tour, "with", Some(tour.out.join("file.lock")))
}

/// What one process is to book.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    name: String,
    payments: Vec<Payment>,
    /// The file of the accounts.
    accounts: PathBuf,
    /// The file that is locked; none to do without.
    lock: Option<PathBuf>,
}

/// What it booked, and what it saw of the lock.
#[derive(Serialize, Deserialize)]
pub(crate) struct Booked {
    entries: Vec<Entry>,
    events: Vec<Event>,
}

fn book_in_file(tour: &Tour, part: &str, lock: Option<PathBuf>) -> Result<Seen> {
    let ledger = &tour.ledger;
    let accounts = tour.out.join(format!("file-{part}.accounts"));
    let cannot = || format!("cannot keep accounts in {}", accounts.display());
    FileBook::create(&accounts, &ledger.accounts).context(cannot())?;

    let worker = |nth| {
        let name = format!("process {}", nth + 1);
        let task = Task {
            name: name.clone(),
            payments: ledger.share(nth, WORKERS),
            accounts: accounts.clone(),
            lock: lock.clone(),
        };
        Worker::start(&name, AnyTask::Book(task), &tour.progress)
    };
    let workers = (0..WORKERS).map(worker).collect::<Result<Vec<_>>>()?;
    let ends: Vec<Booked> = together(workers)?;

    let entries: Vec<_> = ends.iter().flat_map(|end| &end.entries).copied().collect();
    let book = FileBook::open(&accounts).context(cannot())?;
    let figures = audit(ledger, &book, &entries)?;
    Ok(Seen { figures, history: ends.into_iter().flat_map(|end| end.events).collect() })
}

impl Task {
    /// The worker's side.
    pub(super) fn work(self, boss: &mut Boss) -> Result<Booked> {
        let book = FileBook::open(&self.accounts).context("cannot open the accounts")?;
        let recorder = Recorder::new();
        let actor = recorder.actor(self.name, "accounts");
        let lock = self.lock.map(FileLock::open).transpose()?;
        boss.ready()?;
        let mut booked = |payments| boss.tell(&News::Booked(payments));
        let entries = match lock {
            None => pay(&self.payments, &NoLock, &book, actor, &mut booked),
            Some(lock) => pay(&self.payments, &lock, &book, actor, &mut booked),
        }?;
        Ok(Booked { entries, events: recorder.finish().events().to_vec() })
    }
}
