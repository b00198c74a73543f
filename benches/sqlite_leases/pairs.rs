//! To lock and to release, where nobody else wants to.
//!
//! Both are facts that other processes must see: so whoever keeps a lease in SQLite makes two
//! immediate transactions, the rival each of them with the least that can be written, one `UPDATE`.
//! Its first is synced to disk, as it has to be where a fence is simply counted up and must survive
//! a power cut; the second is not, since the same power cut ends every lease. Lockset syncs once
//! for a thousand fences of a lock. So there is a row for locks that are taken for the first time,
//! and one for a rival that never syncs and so has no fence to rely on.

use std::hint::black_box;
use std::time::Instant;

use lockset::remote::sqlite::Sqlite;
use lockset::{Lease, Lock, Locks, Released, RemoteLock};

use crate::bare::Bare;

/// What does one pair, and what it is called.
type Entry = (&'static str, Box<dyn FnMut()>);

/// How many in a round.
const PAIRS: u32 = 20;

/// How many are made before any is measured: beyond the size at which SQLite starts to write over
/// its log, a thousand pages.
const BEFORE: u32 = 1000;

pub(crate) fn report(rounds: usize) {
    // In the target directory: where a temporary one is kept in memory, a sync costs nothing.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let path = |name: &str| dir.path().join(name);
    let store = || Locks::new(Sqlite::open(path("leases")).expect("a database"));
    let bare = |name, synchronous| {
        let bare = Bare::open(&path(name), synchronous).expect("a database");
        Box::new(move || bare.section(|| ()).expect("the database can be written"))
    };
    let lock = store().lock("bench").expect("a good name");
    let (locks, mut count) = (store(), 0);
    let mut entries: [Entry; 4] = [
        ("two bare transactions, the first synced", bare("synced", ["FULL", "NORMAL"])),
        ("two bare transactions, neither synced", bare("not synced", ["NORMAL"; 2])),
        ("**Lockset**", Box::new(move || pair(&lock))),
        (
            "**Lockset**, a lock that is new each time",
            Box::new(move || {
                count += 1;
                pair(&locks.lock(&format!("bench/{count}")).expect("a good name"));
            }),
        ),
    ];
    for (_, pair) in &mut entries {
        (0..BEFORE).for_each(|_| pair());
    }
    crate::table("Nobody else wants it: acquire and release", rounds, &mut entries, |pair, _| {
        let start = Instant::now();
        (0..PAIRS).for_each(|_| pair());
        start.elapsed().as_secs_f64() / f64::from(PAIRS)
    });
}

fn pair(lock: &RemoteLock) {
    let lease = lock.lock().expect("the database can be written");
    black_box(lease.fence());
    // To drop it would give it back in the background, and so move half of the work out of the
    // measured time.
    assert_eq!(lease.release().expect("the database can be written"), Released::InTime);
}
