//! Servers that are spoken to by TLS, and which of them are believed.

use std::fs;

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Released, block_on};
use lockset_remote::{Locks, postgres::Postgres};
use testbed::{PostgresTls, eventually};

use super::{LONG, granted_and_awaited, job, server};

fn tls() -> PostgresTls {
    PostgresTls::start().unwrap_or_else(|error| panic!("{error}"))
}

/// The URL for a client that trusts `of`, in this mode.
fn url(server: &PostgresTls, mode: &str, of: &PostgresTls) -> String {
    format!("{}?sslmode={mode}&sslrootcert={}", server.server().url(), of.authority().display())
}

/// How many sessions of Lockset's there are with TLS, and without.
fn with_and_without(server: &testbed::Postgres) -> (u32, u32) {
    let count = "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl)
        FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name <> ''";
    let rows = server.query(count).unwrap();
    (rows[0][0].parse().unwrap(), rows[0][1].parse().unwrap())
}

fn takes_and_releases(url: &str) {
    let lease = job(url, LONG).lock().unwrap_or_else(|error| panic!("{url}: {error:?}"));
    lease.renew().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

fn refused(url: &str, kind: ErrorKind, part: &str) {
    let error = job(url, LONG).lock().map(drop).expect_err(url);
    let said = format!("{error:?}");
    assert_eq!(error.kind(), kind, "{url}: {said}");
    assert!(said.contains(part), "{url}: {said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_server_that_its_authority_vouches_for_is_believed_and_all_goes_by_tls() {
    let server = tls();
    let lock = job(&url(&server, "verify-full", &server), LONG);
    let lease = lock.lock().unwrap();
    let waiting = lock.acquire(Deadline::NEVER);
    eventually("it waits", || granted_and_awaited(server.server()) == (1, 1));
    assert_eq!(with_and_without(server.server()), (2, 0));
    // The order to end its statement goes on a connection of its own.
    drop(waiting);
    eventually("it waits no more", || granted_and_awaited(server.server()) == (1, 0));
    let waiting = lock.acquire(Deadline::after(LONG));
    eventually("the next waits", || granted_and_awaited(server.server()) == (1, 1));
    assert_eq!(lease.release().unwrap(), Released::InTime);
    assert!(block_on(waiting).unwrap().is_some());
}

#[test]
fn a_server_that_somebody_else_vouches_for_is_not_believed() {
    let [server, stranger] = [tls(), tls()];
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        refused(&url(&server, mode, &stranger), ErrorKind::Unavailable, "certificate");
    }
    let given = Postgres::new(&server.url()).unwrap();
    let given = given.with_root_certificates(&fs::read(stranger.authority()).unwrap()).unwrap();
    let error = Locks::new(given).lock("job").unwrap().lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    // The system has never heard of the testbed's authority.
    let system = format!("{}?sslmode=verify-full", server.server().url());
    refused(&system, ErrorKind::Unavailable, "certificate");
    assert_eq!(with_and_without(server.server()), (0, 0));

    let given = Postgres::new(&system).unwrap();
    let given = given.with_root_certificates(&fs::read(server.authority()).unwrap()).unwrap();
    assert!(Locks::new(given).lock("job").unwrap().lock().is_ok());
}

#[test]
fn the_name_in_the_certificate_is_looked_at_in_one_mode() {
    let server = tls();
    let named = |mode| {
        let url = url(&server, mode, &server).replace("127.0.0.1", "db.example");
        format!("{url}&hostaddr=127.0.0.1")
    };
    takes_and_releases(&named("require"));
    takes_and_releases(&named("verify-ca"));
    refused(&named("verify-full"), ErrorKind::Unavailable, "db.example");
}

#[test]
fn tls_is_spoken_where_the_url_asks_for_it_and_the_server_can() {
    let (plain, secured) = (server(), tls());
    let asking = |server: &testbed::Postgres, mode: &str| {
        let url = format!("{}?sslmode={mode}", server.url());
        let _lease = job(&url, LONG).lock().unwrap();
        with_and_without(server)
    };
    assert_eq!(asking(&plain, "prefer"), (0, 1));
    refused(&format!("{}?sslmode=require", plain.url()), ErrorKind::Denied, "not support TLS");

    assert_eq!(asking(secured.server(), "disable"), (0, 1));
    eventually("it has gone", || with_and_without(secured.server()) == (0, 0));
    assert_eq!(asking(secured.server(), "prefer"), (1, 0));
    eventually("it has gone", || with_and_without(secured.server()) == (0, 0));
    assert_eq!(asking(secured.server(), "require"), (1, 0));
    eventually("it has gone", || with_and_without(secured.server()) == (0, 0));
    let _lease = job(&secured.server().url(), LONG).lock().unwrap();
    assert_eq!(with_and_without(secured.server()), (0, 1), "no sslmode is no TLS");
}

#[test]
fn a_password_is_bound_to_the_channel() {
    let server = tls();
    let rules = "hostnossl all postgres all trust\nhostssl all all all scram-sha-256\n";
    fs::write(server.server().dir().join("data/pg_hba.conf"), rules).unwrap();
    server.server().query("CREATE ROLE us LOGIN SUPERUSER PASSWORD 'hunter2'").unwrap();
    server.server().query("SELECT pg_reload_conf()").unwrap();
    let url = |password: &str| {
        let url = url(&server, "verify-full", &server) + "&channel_binding=require";
        url.replace("postgres@", &format!("us:{password}@"))
    };
    eventually("the rules are in force", || job(&url("hunter2"), LONG).lock().is_ok());
    takes_and_releases(&url("hunter2"));
    refused(&url("hunter22"), ErrorKind::Denied, "password");
}

#[test]
fn what_cannot_be_meant_is_refused_at_once() {
    let certificates = tempfile::NamedTempFile::new().unwrap();
    let path = certificates.path().display();
    for (asked, part) in [
        ("sslmode=sometimes", "verify-full"),
        ("sslmode=verify-ca", "sslrootcert"),
        ("sslrootcert=system&sslmode=require", "no weaker one"),
        (&format!("sslrootcert={path}"), "?sslmode=verify-full"),
        (&format!("sslmode=require&sslrootcert={path}"), "no certificate at all"),
        ("sslmode=require&sslrootcert=/no/such%20file", "/no/such file"),
        ("sslmode=require&sslrootcert=", "path of a file"),
    ] {
        let url = format!("postgres://me:hunter2@host/db?{asked}");
        let error = Postgres::new(&url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{asked}: {error:?}");
        assert!(error.to_string().contains(part), "{asked}: {error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    for (url, roots) in [("postgres://h", "x"), ("postgres://h?sslmode=require", "x")] {
        let error = Postgres::new(url).unwrap().with_root_certificates(roots.as_bytes());
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Config, "{url}");
    }
}

/// The client takes what stands before the first `@` for a user, and reads escaped keys.
#[test]
fn what_is_asked_of_tls_is_heard_wherever_it_stands() {
    for (url, part) in [
        ("postgres://db/app?password=hunter2&sslmode=verify-full&application_name=a@b", "%40"),
        ("postgres://db?password=hunter2&sslmode=verify-full&application_name=a@b", "%40"),
        ("postgres://db/app?password=hunter2&ssl%6Dode=sometimes", "verify-full"),
    ] {
        let error = Postgres::new(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
        assert!(error.to_string().contains(part), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
