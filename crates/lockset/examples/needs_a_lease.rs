//! The second user: code that must know when its lock is lost, and cannot be given one that does
//! not say.

use std::time::Duration;

use lockset::remote::sqlite::Sqlite;
use lockset::{Error, Fenced, Lease, LeaseLock, Locks, Released, Renewal};

/// Pays into an account under a lease, with the fence that lets the account refuse us if we are
/// late. `deposit(&Mutex::new(()), …)` does not compile: its guard is no lease.
fn deposit<L: LeaseLock>(lock: &L, account: &Fenced<i64>, cents: i64) -> Result<Released, Error> {
    let lease = lock.lease()?;
    account.write(lease.fence(), |balance| *balance += cents)?;
    lease.release()
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let locks = Locks::new(Sqlite::open(dir.path().join("locks.db"))?);
    let account = Fenced::new(0);

    let lock = locks.lock("account-7")?;
    assert_eq!(deposit(&lock, &account, 250)?, Released::InTime);

    // A holder whose lease runs out while it still believes in it: what a long pause comes to.
    let brief = lock.clone().with_renewal(Renewal::Never).with_ttl(Duration::from_millis(50))?;
    let late = brief.lease()?;
    assert_eq!(deposit(&lock, &account, 250)?, Released::InTime);
    let refused = account.write(late.fence(), |balance| *balance = 250);
    println!("the late holder is told: {}", refused.unwrap_err());
    assert_eq!(account.read(|balance| *balance), 500);
    Ok(())
}
