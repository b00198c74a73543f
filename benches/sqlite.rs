//! The SQLite lease, beside the transactions that any lease in SQLite must at least make.
//!
//! To lock and to release are two facts that other processes must see: so the rival makes two
//! immediate transactions, each of them with the least that can be written, one `UPDATE`. The first
//! is synced to disk, as it must be where a fence is counted up and has to survive a power cut, and
//! the second is not. A ratio against a single transaction would flatter nobody and mean nothing.
//! The lease syncs once for a thousand fences, and takes the way to the thread that owns the
//! connection and back. `sqlite_leases` compares it with more.

use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use lockset::remote::sqlite::Sqlite;
use lockset::{Lease, Lock, Locks, Released, RemoteLock};
use lockset_bench::{Rival, uncontended};
use rusqlite::{Connection, Transaction, TransactionBehavior};

struct Lockset(RemoteLock);

impl Rival for Lockset {
    fn section(&self, inside: impl FnOnce()) {
        let lease = self.0.lock().expect("the database can be written");
        inside();
        // To drop it would give it back in the background, and so move half of the work out of
        // the measured time.
        assert_eq!(lease.release().expect("the database can be written"), Released::InTime);
    }
}

struct BareTransaction(Connection);

impl BareTransaction {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        // As `lockset-remote` sets them.
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute_batch(
            "CREATE TABLE lease (name TEXT PRIMARY KEY, held INTEGER NOT NULL) WITHOUT ROWID;
             INSERT INTO lease VALUES ('bench', 0);",
        )?;
        Ok(Self(connection))
    }

    fn set(&self, held: bool, synchronous: &str) -> rusqlite::Result<()> {
        self.0.pragma_update(None, "synchronous", synchronous)?;
        let immediate = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(&self.0, immediate)?;
        transaction
            .prepare_cached("UPDATE lease SET held = ?1 WHERE name = 'bench'")?
            .execute([held])?;
        transaction.commit()
    }
}

impl Rival for BareTransaction {
    fn section(&self, inside: impl FnOnce()) {
        self.set(true, "FULL").expect("the database can be written");
        inside();
        self.set(false, "NORMAL").expect("the database can be written");
    }
}

fn leases(criterion: &mut Criterion) {
    // In the target directory: where a temporary one is kept in memory, a sync costs nothing.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let store = Sqlite::open(dir.path().join("lockset.db")).expect("a database");
    let lock = Locks::new(store).lock("bench").expect("a good name");
    let bare = BareTransaction::open(&dir.path().join("bare.db")).expect("a database");

    let mut group = criterion.benchmark_group("sqlite/uncontended");
    // Samples of one length: with syncs of milliseconds, growing ones would take minutes.
    group.sampling_mode(SamplingMode::Flat);
    uncontended(&mut group, "lockset", &Lockset(lock));
    uncontended(&mut group, "bare transaction", &bare);
    group.finish();
}

criterion_group!(benches, leases);
criterion_main!(benches);
