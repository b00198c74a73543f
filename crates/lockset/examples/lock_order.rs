//! A deadlock that has not happened yet: two locks, taken in two orders, by one thread.

use std::sync::Mutex as StdMutex;

use lockset::checked::{Cycle, on_cycle, panic_with};
use lockset::{Checked, Error, FileLock, Lock, Mutex};

/// Where the reports go; a service would log them.
static REPORTS: StdMutex<Vec<String>> = StdMutex::new(Vec::new());

fn keep(cycle: &Cycle) {
    REPORTS.lock().expect("nobody panics with it").push(cycle.to_string());
}

/// The balance in memory, and the journal that other processes write to as well.
struct Account {
    cents: Checked<Mutex<i64>>,
    journal: Checked<FileLock>,
}

impl Account {
    fn deposit(&self, cents: i64) -> Result<(), Error> {
        let mut balance = self.cents.lock();
        let entry = self.journal.lock()?;
        *balance += cents;
        drop(entry);
        Ok(())
    }

    /// Takes the same two locks, the other way round: nothing happens, unless somebody deposits at
    /// that very moment.
    fn audit(&self) -> Result<i64, Error> {
        let _entry = self.journal.lock()?;
        Ok(*self.cents.lock())
    }
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let account = Account {
        cents: Checked::new(Mutex::new(0)).named("balance"),
        journal: Checked::new(FileLock::open(dir.path().join("journal"))?).named("journal"),
    };

    on_cycle(keep);
    account.deposit(250)?;
    assert_eq!(account.audit()?, 250);
    on_cycle(panic_with);

    let reports = REPORTS.lock().expect("nobody panics with it");
    let [report] = reports.as_slice() else { panic!("one report, not {reports:?}") };
    println!("{report}");
    assert!(report.contains("`balance`") && report.contains("`journal`"));
    Ok(())
}
