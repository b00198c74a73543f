//! The SQLite lease, beside the transactions that any lease in SQLite must at least make.
//!
//! To lock and to release are two facts that other processes must see: so the rival makes two
//! immediate transactions, each of them with the least that can be written, one `UPDATE`. The first
//! is synced to disk, as it must be where a fence is counted up and has to survive a power cut, and
//! the second is not. A ratio against a single transaction would flatter nobody and mean nothing.
//! The lease syncs once for a thousand fences, and takes the way to the thread that owns the
//! connection and back. `sqlite_leases` compares it with more.

#[path = "sqlite_leases/bare.rs"]
mod bare;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use lockset::remote::sqlite::Sqlite;
use lockset::{Lease, Lock, Locks, Released, RemoteLock};
use lockset_bench::{Rival, uncontended};

use bare::Bare;

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

impl Rival for Bare {
    fn section(&self, inside: impl FnOnce()) {
        self.section(inside).expect("the database can be written");
    }
}

fn leases(criterion: &mut Criterion) {
    // In the target directory: where a temporary one is kept in memory, a sync costs nothing.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let store = Sqlite::open(dir.path().join("lockset.db")).expect("a database");
    let lock = Locks::new(store).lock("bench").expect("a good name");
    let bare = Bare::open(&dir.path().join("bare.db"), ["FULL", "NORMAL"]).expect("a database");

    let mut group = criterion.benchmark_group("sqlite/uncontended");
    // Samples of one length: with syncs of milliseconds, growing ones would take minutes.
    group.sampling_mode(SamplingMode::Flat);
    uncontended(&mut group, "lockset", &Lockset(lock));
    uncontended(&mut group, "bare transaction", &bare);
    group.finish();
}

criterion_group!(benches, leases);
criterion_main!(benches);
