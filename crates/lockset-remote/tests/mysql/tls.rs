//! Servers that are spoken to by TLS, and which of them are believed.

use std::fs;

use lockset_api::{Deadline, Error, ErrorKind, Lease as _, Lock, Released, block_on};
use lockset_remote::{Locks, mysql::Mysql};
use testbed::{MariaDbTls, eventually};

use super::{LONG, ask, job, locks, server};

fn tls() -> MariaDbTls {
    MariaDbTls::start().unwrap_or_else(|error| panic!("{error}"))
}

/// The locks at `url` for one who trusts the authority of `of`, and nobody else.
fn trusting(url: &str, of: &MariaDbTls) -> Locks {
    let roots = fs::read(of.authority()).unwrap();
    Locks::new(Mysql::new(url).unwrap().with_root_certificates(&roots).unwrap())
}

fn refused(locks: &Locks, kind: ErrorKind, part: &str) {
    let error: Error = locks.lock("job").unwrap().lock().map(drop).unwrap_err();
    let said = format!("{error:?}");
    assert_eq!(error.kind(), kind, "{said}");
    assert!(said.contains(part), "{said}");
    assert!(!said.contains("secret") && !said.contains("hunter2"), "{said}");
}

/// The server takes this user's sessions by TLS alone: so all of them speak it.
#[test]
fn a_server_that_its_authority_vouches_for_is_believed_and_all_goes_by_tls() {
    let server = tls();
    ask::<u64>(server.server(), "CREATE USER us IDENTIFIED BY 'hunter2' REQUIRE SSL");
    ask::<u64>(server.server(), "GRANT ALL ON lockset.* TO us");
    let plain = server.server().url_of("us:hunter2");
    refused(&locks(&plain), ErrorKind::Denied, "Access denied");

    let locks = trusting(&format!("{plain}?require_ssl=true"), &server);
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    held.renew().unwrap();
    let waiting = lock.acquire(Deadline::NEVER);
    eventually("it waits", || locks.inspect("job").unwrap().waiters.len() == 1);
    // Ended by another session.
    drop(waiting);
    eventually("it has gone", || locks.inspect("job").unwrap().waiters.is_empty());
    let waiting = lock.acquire(Deadline::after(LONG));
    eventually("the next waits", || locks.inspect("job").unwrap().waiters.len() == 1);
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert!(block_on(waiting).unwrap().is_some());
}

#[test]
fn a_server_that_somebody_else_vouches_for_is_not_believed() {
    let [server, stranger] = [tls(), tls()];
    let strange = trusting(&server.url(), &stranger);
    refused(&strange, ErrorKind::Unavailable, "certificate");
    // The public authorities have never heard of the testbed's.
    refused(&locks(&server.url()), ErrorKind::Unavailable, "certificate");
    // Whoever wants no more than that nobody listens can have it.
    let anybody = format!("{}&verify_ca=false", server.url());
    assert_eq!(job(&anybody, "job", LONG).lock().unwrap().release().unwrap(), Released::InTime);
    // But not say at once whom to trust.
    let both = Mysql::new(&anybody)
        .unwrap()
        .with_root_certificates(&fs::read(server.authority()).unwrap());
    assert!(both.unwrap_err().to_string().contains("verify_ca=false"));
}

#[test]
fn a_server_without_tls_is_refused_and_so_are_certificates_that_are_none() {
    let plain = server();
    let asking = locks(&format!("{}?require_ssl=true", plain.url()));
    refused(&asking, ErrorKind::Denied, "SSL");

    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (asked, roots) in [("", damaged), ("?require_ssl=true", ""), ("?require_ssl=true", damaged)]
    {
        let store = Mysql::new(&format!("mysql://me:hunter2@host/app{asked}")).unwrap();
        let error = store.with_root_certificates(roots.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
