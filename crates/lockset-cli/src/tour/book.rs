//! The accounts, in memory and in a file, and the one job of the tour: to book a payment.
//!
//! The job is the same in every step. It reads two balances, works out the new ones and writes
//! them back; between reading and writing somebody else may do the same, and then one of the two
//! is lost. Which lock is held meanwhile is the caller's choice, and the whole difference.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use lockset::{Deadline, Lock};
use lockset_trace::Actor;
use serde::{Deserialize, Serialize};

use super::ledger::{LONGEST_NAME, OPENING_CENTS, Payment};
use crate::error::{Context, Result};

/// What an account has, and which payment was booked on it last: the trail for the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) cents: i64,
    /// The payment's number; none before the first.
    pub(crate) last: Option<u32>,
}

/// That a payment was booked, and after which other on either account.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) payment: u32,
    /// The last payment that its worker found on the paying account, and on the paid one.
    pub(crate) after: [Option<u32>; 2],
}

/// Accounts that can be read and written one at a time.
pub(crate) trait Book {
    fn read(&self, account: usize) -> io::Result<Balance>;
    fn write(&self, account: usize, balance: Balance) -> io::Result<()>;
}

/// Books the payments of one worker, each with `lock` held, and notes when it waited and held.
///
/// `booked` is called with the number of payments that were booked since the last call.
pub(crate) fn pay<L: Lock>(
    payments: &[Payment],
    lock: &L,
    book: &impl Book,
    mut actor: Actor,
    mut booked: impl FnMut(usize),
) -> Result<Vec<Entry>> {
    let mut entries = Vec::with_capacity(payments.len());
    for batch in payments.chunks(PROGRESS_EVERY) {
        for payment in batch {
            actor.want();
            let guard = lock.lock()?;
            actor.got();
            entries.push(transfer(book, payment).context("cannot book a payment")?);
            actor.released();
            drop(guard);
        }
        booked(batch.len());
    }
    Ok(entries)
}

/// Often enough for a live counter, seldom enough not to get in the way of the race.
const PROGRESS_EVERY: usize = 50;

/// Stands for the work that a real program does between reading and writing: an interest rate, a
/// limit, a log line. A sleep, because others then run meanwhile however few processors there are;
/// after a mere yield, on a busy machine, it would be the turn of a stranger for milliseconds.
const WORK: Duration = Duration::from_micros(20);

/// Moves the cents of one payment, and trusts its caller to keep others away.
fn transfer(book: &impl Book, payment: &Payment) -> io::Result<Entry> {
    let (from, to) = (book.read(payment.from)?, book.read(payment.to)?);
    // It is here that somebody else gets in.
    thread::sleep(WORK);
    let last = Some(payment.number);
    book.write(payment.from, Balance { cents: from.cents - payment.cents, last })?;
    book.write(payment.to, Balance { cents: to.cents + payment.cents, last })?;
    Ok(Entry { payment: payment.number, after: [from.last, to.last] })
}

/// No lock at all: it lets everybody in, at once.
///
/// It has the shape of a lock, so that the steps with and without one run the same code.
pub(crate) struct NoLock;

impl Lock for NoLock {
    type Guard<'a> = ();
    type Error = Infallible;

    fn lock(&self) -> std::result::Result<(), Infallible> {
        Ok(())
    }

    fn try_lock(&self) -> std::result::Result<Option<()>, Infallible> {
        Ok(Some(()))
    }

    fn lock_until(&self, _: Deadline) -> std::result::Result<Option<()>, Infallible> {
        Ok(Some(()))
    }
}

/// Accounts that the threads of a process share, one word each.
///
/// # Notes about memory ordering
///
/// Every access is relaxed: the words carry no other data with them, and the step without a lock
/// is to lose updates and nothing worse. With plain variables it would be a data race, about which
/// Rust promises nothing at all. Under a lock, the lock's own release and acquire order them.
pub(crate) struct MemoryBook(Vec<AtomicU64>);

impl MemoryBook {
    pub(crate) fn open(accounts: usize) -> Self {
        let opening = Balance { cents: OPENING_CENTS, last: None };
        Self((0..accounts).map(|_| AtomicU64::new(pack(opening))).collect())
    }
}

impl Book for MemoryBook {
    fn read(&self, account: usize) -> io::Result<Balance> {
        Ok(unpack(self.0[account].load(Ordering::Relaxed)))
    }

    fn write(&self, account: usize, balance: Balance) -> io::Result<()> {
        self.0[account].store(pack(balance), Ordering::Relaxed);
        Ok(())
    }
}

/// The lower bits of an account's word are the last payment, the others its cents.
const LAST_BITS: u32 = 24;

fn pack(balance: Balance) -> u64 {
    let last = u64::from(balance.last.unwrap_or(0));
    (balance.cents << LAST_BITS).cast_unsigned() | last
}

fn unpack(word: u64) -> Balance {
    let last = u32::try_from(word & ((1 << LAST_BITS) - 1)).unwrap_or(0);
    Balance { cents: word.cast_signed() >> LAST_BITS, last: (last > 0).then_some(last) }
}

/// Accounts that processes share: a file with a line of fixed width for each.
pub(crate) struct FileBook(File);

/// A line: the name, the cents, the number of the last payment, or 0.
const LINE: usize = LONGEST_NAME + 1 + CENTS + 1 + LAST + 1;
const CENTS: usize = 14;
const LAST: usize = 6;

/// Without a lock, a read may fall into the middle of a write and find half of each. That one is
/// read again; a line that stays broken is another matter.
const TORN_READS: usize = 10;

fn parse(line: &str) -> Option<Balance> {
    let mut fields = line.split_whitespace().skip(1);
    let cents = fields.next()?.parse().ok()?;
    let last: u32 = fields.next()?.parse().ok()?;
    Some(Balance { cents, last: (last > 0).then_some(last) })
}

impl FileBook {
    /// Writes a new file, each account with what it has before the first payment.
    pub(crate) fn create(path: &Path, accounts: &[String]) -> io::Result<()> {
        let lines = accounts
            .iter()
            .map(|name| format!("{name:<LONGEST_NAME$} {OPENING_CENTS:>CENTS$} {:>LAST$}\n", 0));
        std::fs::write(path, lines.collect::<String>())
    }

    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(File::options().read(true).write(true).open(path)?))
    }
}

impl Book for FileBook {
    fn read(&self, account: usize) -> io::Result<Balance> {
        let mut line = [0; LINE];
        for _ in 0..TORN_READS {
            self.0.read_exact_at(&mut line, (account * LINE) as u64)?;
            if let Some(balance) = parse(&String::from_utf8_lossy(&line)) {
                return Ok(balance);
            }
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        Err(io::Error::new(io::ErrorKind::InvalidData, format!("a broken {line:?}")))
    }

    fn write(&self, account: usize, balance: Balance) -> io::Result<()> {
        // The name stands before them and stays as it is.
        let (cents, last) = (balance.cents, balance.last.unwrap_or(0));
        let numbers = format!("{cents:>CENTS$} {last:>LAST$}\n");
        self.0.write_all_at(numbers.as_bytes(), (account * LINE + LONGEST_NAME + 1) as u64)
    }
}
