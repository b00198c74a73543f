//! The layout of the tables has a version: older ones are brought up, later ones refused.

use std::fs;
use std::time::Duration;

use lockset_api::{ErrorKind, Lease as _, Lock, Released};
use lockset_remote::{Locks, sqlite::Sqlite};
use rusqlite::{Connection, params};

/// As the first layout was made, and its statement to take a lock.
const FIRST: &str = "
    CREATE TABLE IF NOT EXISTS lockset_lease (
        name TEXT PRIMARY KEY,
        fence INTEGER NOT NULL,
        request TEXT,
        holder TEXT,
        boot TEXT NOT NULL,
        expires_ms INTEGER NOT NULL
    ) WITHOUT ROWID";
const TAKE: &str = "
    INSERT OR REPLACE INTO lockset_lease (name, fence, request, holder, boot, expires_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

#[test]
fn the_first_layout_is_brought_up_with_its_leases_and_its_fences() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch("CREATE TABLE bystander (n); INSERT INTO bystander VALUES (7)").unwrap();
    old.execute_batch(FIRST).unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let uptime = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic).tv_sec * 1000;
    let id = "00000000000000000000000000000abc";
    let lease = |name, fence: i64, request: Option<&str>, boot: &str, ends: i64| {
        old.execute(TAKE, params![name, fence, request, "old", boot, ends]).unwrap();
    };
    lease("held", 41, Some(id), boot.trim(), uptime + 60_000);
    lease("over", 51, Some(id), boot.trim(), 1);
    lease("free", 61, None, boot.trim(), uptime + 60_000);
    lease("of an earlier start", 71, Some(id), "another", uptime + 60_000);

    let locks = Locks::new(Sqlite::open(&path).unwrap());
    assert!(locks.lock("held").unwrap().try_lock().unwrap().is_none());
    let status = locks.inspect("held").unwrap();
    assert_eq!(
        (status.holders[0].id.to_string().as_str(), &*status.holders[0].holder),
        (id, "old")
    );
    assert!(status.holders[0].remaining <= Duration::from_secs(60));
    for (name, fence) in [("over", 52), ("free", 62), ("of an earlier start", 72)] {
        assert_eq!(locks.lock(name).unwrap().lock().unwrap().fence().value(), fence, "{name}");
    }
    // Whoever still works with the first layout fails, also one that comes anew.
    old.execute_batch(FIRST).unwrap();
    let late = old.execute(TAKE, params!["free", 1, id, "old", boot.trim(), 1]).unwrap_err();
    assert!(late.to_string().contains("no column named boot"), "{late}");
    let n: i64 = old.query_row("SELECT n FROM bystander", [], |row| row.get(0)).unwrap();
    assert_eq!(n, 7);
}

/// Its fences are those that it has handed out, each of them synced.
#[test]
fn the_second_layout_is_brought_up_with_its_leases_and_its_fences() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    let locks = Locks::new(Sqlite::open(&path).unwrap());
    let held = locks.lock("held").unwrap().lock().unwrap();
    drop(locks.lock("free").unwrap().lock().unwrap());
    let old = Connection::open(&path).unwrap();
    old.execute_batch(
        "ALTER TABLE lockset_lock DROP COLUMN ceiling;
         ALTER TABLE lockset_schema DROP COLUMN base;
         UPDATE lockset_schema SET version = 2",
    )
    .unwrap();
    let (later, also) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
    let (later, also) = (Locks::new(later), Locks::new(also));
    assert!(later.lock("held").unwrap().try_lock().unwrap().is_none());
    assert_eq!(later.lock("free").unwrap().lock().unwrap().fence().value(), 2);
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert_eq!(also.lock("held").unwrap().lock().unwrap().fence().value(), 2);
}

#[test]
fn a_later_layout_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("locks.db");
    drop(Sqlite::open(&path).unwrap());
    let later = Connection::open(&path).unwrap();
    later.execute("UPDATE lockset_schema SET version = version + 1", []).unwrap();
    let error = Sqlite::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
    assert!(format!("{error:?}").contains("later version of lockset"), "{error:?}");
}
