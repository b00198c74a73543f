//! Whom and what the server is asked for, and what is refused.

use std::fs;
use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Released, block_on};

use super::{LONG, at, job, locks, server};

#[test]
fn the_error_of_missing_tables_says_what_its_owner_has_to_run() {
    let server = server();
    server.query("CREATE ROLE worker LOGIN").unwrap();
    let url = server.url().replace("postgres@", "worker@");
    let error = job(&url, LONG).lock().map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let said = format!("{error:?}");
    let (_, run) = said.split_once("have the database's owner run: ").expect(&said);
    let (run, _) = run.split_once("; GRANT").unwrap();
    let grants = "GRANT USAGE ON SCHEMA lockset TO worker;
        GRANT SELECT, INSERT, UPDATE ON lockset.granted, lockset.reserved TO worker";
    server.query(run).unwrap();
    let error = job(&url, LONG).lock().map(drop).unwrap_err();
    assert!(format!("{error:?}").contains("GRANT USAGE ON SCHEMA lockset"), "{error:?}");
    server.query(grants).unwrap();
    let lease = job(&url, LONG).lock().unwrap();
    assert!(job(&server.url(), LONG).try_lock().unwrap().is_none());
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

#[test]
fn many_that_come_first_at_once_make_the_tables_once() {
    let server = server();
    thread::scope(|scope| {
        for number in 0..8 {
            let url = server.url();
            scope.spawn(move || {
                let lock = locks(&url).lock(&format!("job-{number}")).unwrap();
                assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
            });
        }
    });
}

#[test]
fn a_standby_is_refused() {
    let mut server = server();
    let signal = server.dir().join("data/standby.signal");
    server.kill().unwrap();
    fs::write(signal, "").unwrap();
    server.restart().unwrap();
    let error = job(&server.url(), LONG).lock().map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(format!("{error:?}").contains("standby"), "{error:?}");
}

#[test]
fn what_its_locks_cannot_do_is_refused_with_the_reason() {
    let locks = locks("postgres://127.0.0.1:1");
    let error = locks.semaphore("pool", 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("semaphore"), "{error}");
    let error = locks.lock_all(&["a", "b"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn nobody_there_and_nobody_welcome_are_told_apart_and_no_secret_is_told() {
    let server = server();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = at(free).replace("postgres@", "postgres:hunter2@");
    let error = job(&url, LONG).lock().map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    let unwelcome = server.url().replace("postgres@", "nobody_here:hunter2@");
    let refused = job(&unwelcome, LONG).lock().map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied, "{refused:?}");
    for said in [format!("{error:?}"), format!("{refused:?}"), format!("{:?}", locks(&url))] {
        assert!(!said.contains("hunter2"), "{said}");
    }
}

/// Defaults of the database that would break a lock.
#[test]
fn the_databases_own_defaults_are_no_danger() {
    let server = server();
    for setting in [
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = 200",
        "lock_timeout = 200",
        "synchronous_commit = off",
        "idle_session_timeout = 500",
        // The last, as it makes no further changes.
        "default_transaction_read_only = on",
    ] {
        server.query(&format!("ALTER DATABASE postgres SET {setting}")).unwrap();
    }
    let (one, other) = (job(&server.url(), LONG), job(&server.url(), LONG));
    let lease = one.lock().unwrap();
    let waiting = other.acquire(Deadline::NEVER);
    let longer = Deadline::after(Duration::from_secs(1));
    assert_eq!(lease.lost().wait(longer), None);
    let patient = "SELECT count(*) FROM pg_locks
        WHERE NOT granted AND waitstart < clock_timestamp() - interval '700 ms'";
    assert_eq!(server.query(patient).unwrap(), [["1"]], "the waiter lost its place");
    assert_eq!(lease.release().unwrap(), Released::InTime);
    let next = block_on(waiting).unwrap().unwrap();
    assert_eq!(next.release().unwrap(), Released::InTime);
}

#[cfg(not(feature = "postgres-tls"))]
#[test]
fn tls_that_is_not_built_in_names_its_feature() {
    for asked in ["sslmode=require", "sslmode=verify-full", "sslrootcert=system"] {
        let error = lockset_remote::postgres::Postgres::new(&format!("postgres://h?{asked}"));
        let error = error.unwrap_err();
        assert!(error.to_string().contains("`postgres-tls`"), "{asked}: {error}");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    let server = server();
    assert!(job(&format!("{}?sslmode=prefer", server.url()), LONG).lock().is_ok());
}
