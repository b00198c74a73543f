//! Who may talk to a server, and what is said to those who may not.

use std::time::Duration;

use lockset_api::{Deadline, Error, ErrorKind, Lease as _, Lock, block_on};
use testbed::MariaDb;

use super::{LONG, ask, job, locks, rows, server};

/// Everything that a user of the store does.
fn all_there_is_to_do(server: &MariaDb, user: &str) -> Result<(), Error> {
    let url = server.url_of(user);
    let lock = job(&url, "job", LONG);
    let held = lock.lock()?;
    held.renew()?;
    let waiting = lock.acquire(Deadline::NEVER);
    testbed::eventually("it stands in line", || {
        !locks(&url).inspect("job").unwrap().waiters.is_empty()
    });
    // Ended by another session of the same user.
    drop(waiting);
    testbed::eventually("it has gone", || locks(&url).inspect("job").unwrap().waiters.is_empty());
    let waiting = lock.acquire(Deadline::NEVER);
    assert_eq!(held.release()?, lockset_api::Released::InTime);
    block_on(waiting)?.expect("granted").release().map(drop)
}

fn user(server: &MariaDb, name: &str, rights: &[&str]) {
    ask::<u64>(server, &format!("CREATE USER {name} IDENTIFIED BY 'hunter2'"));
    for right in rights {
        ask::<u64>(server, &format!("GRANT {right} TO {name}"));
    }
}

fn refused(server: &MariaDb, user: &str, part: &str) {
    // A lock of its own, which has no row yet.
    let name = user.split(':').next().unwrap();
    let error = job(&server.url_of(user), name, LONG).lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
    let said = format!("{error} {error:?}");
    assert!(said.contains(part), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn the_documented_permissions_are_enough_and_each_is_needed() {
    let server = server();
    user(&server, "maker", &["CREATE, SELECT, INSERT, UPDATE ON lockset.*"]);
    user(&server, "few", &["SELECT, INSERT, UPDATE ON lockset.*"]);
    refused(&server, "few:hunter2", "have somebody run: CREATE TABLE IF NOT EXISTS lockset_lease");
    all_there_is_to_do(&server, "maker:hunter2").unwrap();
    all_there_is_to_do(&server, "few:hunter2").unwrap();
    for (name, rights, missing) in [
        ("without_select", "INSERT, UPDATE", "SELECT command denied"),
        ("without_insert", "SELECT, UPDATE", "INSERT command denied"),
        ("without_update", "SELECT, INSERT", "UPDATE command denied"),
    ] {
        user(&server, name, &[&format!("{rights} ON lockset.lockset_lease")]);
        refused(&server, &format!("{name}:hunter2"), missing);
    }
}

#[test]
fn whoever_is_not_let_in_is_told_why() {
    let server = server();
    refused(&server, "lockset:hunter2", "Access denied for user 'lockset'");
    let url = server.url().replace("/lockset", "/nowhere").replace("//nowhere", "//lockset");
    let error = job(&url, "job", LONG).lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(format!("{error:?}").contains("nowhere"), "{error:?}");
}

/// A server that only reads, as after a failover, and one that has no connection to spare: that
/// may pass, so whoever waits already goes on.
#[test]
fn a_server_that_can_do_nothing_now_is_unavailable() {
    let server = server();
    let lock = job(&server.url(), "job", Duration::from_secs(2));
    let lease = lock.lock().unwrap();
    ask::<u64>(&server, "SET GLOBAL read_only = 1");
    assert_eq!(lease.renew().unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(lease.lost().wait(Deadline::after(Duration::from_millis(100))), None);
    ask::<u64>(&server, "SET GLOBAL read_only = 0");
    lease.renew().unwrap();
    drop(lease);
    ask::<u64>(&server, "SET GLOBAL read_only = 1");
    assert_eq!(lock.try_lock().unwrap_err().kind(), ErrorKind::Unavailable);
    ask::<u64>(&server, "SET GLOBAL read_only = 0");
    assert!(lock.lock_until(Deadline::after(LONG)).unwrap().is_some());

    ask::<u64>(&server, "ALTER USER lockset WITH MAX_USER_CONNECTIONS 1");
    // Who was there before is not counted, and one more may come.
    let lease = job(&server.url(), "other", LONG).lock().unwrap();
    let error = job(&server.url(), "another", LONG).try_lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    drop(lease);
}

/// What people with a client see.
#[test]
fn the_table_can_be_read() {
    let server = server();
    let lock = locks(&server.url()).lock("report").unwrap().with_note("monthly");
    let lease = lock.lock().unwrap();
    let seen = rows(
        &server.url(),
        "SELECT CAST(name AS CHAR), fence, note, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), expires) \
         FROM lockset_lease WHERE request IS NOT NULL AND expires > UTC_TIMESTAMP(6)",
    );
    let seen: Vec<(String, u64, String, i64)> =
        seen.unwrap().into_iter().map(mysql_async::from_row).collect();
    assert!((8..=10).contains(&seen[0].3), "{seen:?}");
    let fence = lease.fence().value();
    assert_eq!((&*seen[0].0, seen[0].1, &*seen[0].2), ("report", fence, "monthly"));
}
