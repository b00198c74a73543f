//! Threads that share accounts without any lock, and what becomes of their payments.

use std::sync::Barrier;
use std::thread;

use lockset::Lock;
use lockset_trace::Recorder;

use super::Seen;
use crate::error::Result;
use crate::tour::Tour;
use crate::tour::audit::audit;
use crate::tour::book::{MemoryBook, NoLock, pay};

pub(super) const STORY: (&str, &str) = (
    "Threads without a lock",
    "Eight threads share out the payments and book them on shared accounts. Each reads two \
     balances, works out the new ones and writes them back. When two of them have read the same \
     balance, the second write wipes out the first: that payment is lost, and nobody gets an \
     error.",
);

/// So many that, on any number of processors, some are always between reading and writing.
const WORKERS: usize = 8;

pub(super) fn without(tour: &Tour) -> Result<Seen> {
    race(tour, &NoLock)
}

/// Books the whole ledger with eight threads that hold `lock` for each payment.
pub(super) fn race<L: Lock + Sync>(tour: &Tour, lock: &L) -> Result<Seen> {
    let ledger = &tour.ledger;
    let (book, recorder) = (MemoryBook::open(ledger.accounts.len()), Recorder::new());
    let start = Barrier::new(WORKERS);
    let entries = thread::scope(|scope| {
        let work = |nth| {
            let actor = recorder.actor(format!("thread {}", nth + 1), "accounts");
            let (book, start, share) = (&book, &start, ledger.share(nth, WORKERS));
            scope.spawn(move || {
                start.wait();
                pay(&share, lock, book, actor, |payments| tour.progress.add(payments))
            })
        };
        let workers: Vec<_> = (0..WORKERS).map(work).collect();
        let ends = workers.into_iter().map(|worker| worker.join().map_err(|_| "a worker panicked"));
        ends.map(|end| end?).collect::<Result<Vec<_>>>()
    })?;
    let figures = audit(ledger, &book, &entries.concat())?;
    Ok(Seen { figures, history: recorder.finish() })
}
