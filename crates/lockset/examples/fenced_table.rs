//! A holder that is stopped for longer than its lease, and a database that refuses its write.

mod paused;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use lockset::remote::fenced::{Dialect, FencedTable};
use lockset::remote::sqlite::Sqlite;
use lockset::{Fence, Lease, Lock, Locks, Released, RemoteLock};
use rusqlite::{Connection, OptionalExtension};

const TTL: Duration = Duration::from_secs(1);

fn lock(dir: &Path) -> Result<RemoteLock, lockset::Error> {
    Locks::new(Sqlite::open(dir.join("locks.db"))?).lock("account/7")?.with_ttl(TTL)
}

/// The account, which knows nothing of locks, but keeps a fence.
struct Account {
    db: Connection,
    table: FencedTable,
}

impl Account {
    fn open(dir: &Path) -> Result<Self, Box<dyn Error>> {
        let db = Connection::open(dir.join("bank.db"))?;
        let table = FencedTable::new(Dialect::Sqlite, "account", &["id"])?;
        Ok(Self { db, table })
    }

    fn create(&self) -> Result<(), Box<dyn Error>> {
        self.db.execute_batch("CREATE TABLE account (id INTEGER PRIMARY KEY, cents INTEGER)")?;
        self.db.execute_batch(&self.table.add_column())?;
        self.db.execute_batch("INSERT INTO account (id, cents) VALUES (7, 100)")?;
        Ok(())
    }

    fn cents(&self) -> Result<i64, Box<dyn Error>> {
        Ok(self.db.query_row("SELECT cents FROM account WHERE id = 7", [], |row| row.get(0))?)
    }

    fn write(&self, fence: Fence, cents: i64) -> Result<(), Box<dyn Error>> {
        let number = FencedTable::number(fence)?;
        let update = self.table.update(&["cents"])?;
        if self.db.execute(&update, (cents, number, 7, number))? == 1 {
            return Ok(());
        }
        let newest = self.db.query_row(&self.table.newest(), [7], |row| row.get(0)).optional()?;
        Err(self.table.refusal(fence, newest).into())
    }
}

/// Ada takes 30 cents, and is stopped when nothing is left to do but to write that down.
fn ada(dir: &Path) -> Result<(), Box<dyn Error>> {
    let (lock, account) = (lock(dir)?, Account::open(dir)?);
    let (lease, cents) = loop {
        let (lease, cents) = (lock.lock()?, account.cents()? - 30);
        // She looks whether the lock is still hers, and it is.
        if !lease.lost().is_lost() {
            break (lease, cents);
        }
    };
    paused::stop_here()?;
    let refused = account.write(lease.fence(), cents).expect_err("a stale write");
    paused::say(&*refused);
    assert!(matches!(lease.release()?, Released::AlreadyLost(_)));
    Ok(())
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    if let Some(dir) = paused::address() {
        return ada(Path::new(&dir));
    }
    let dir = tempfile::tempdir()?;
    let account = Account::open(dir.path())?;
    account.create()?;

    let mut ada = paused::Ada::start("fenced_table", &dir.path().to_string_lossy())?;
    ada.until_stopped()?;
    println!("Ada has the lock, has read {} cents, and is stopped", account.cents()?);

    // Ben waits until her lease has run out.
    let lease = lock(dir.path())?.lock()?;
    account.write(lease.fence(), account.cents()? + 50)?;
    let released = lease.release()?;
    println!("Ben has the lock, and writes {} cents ({released:?})", account.cents()?);

    println!("Ada goes on, and writes: {}", ada.resume()?.join("; "));
    assert_eq!(account.cents()?, 150, "Ben's write is still there");
    Ok(())
}
