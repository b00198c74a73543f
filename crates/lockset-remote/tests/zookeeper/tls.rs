//! Servers that are spoken to by TLS, and which of them are believed.

use std::fs;

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Released, block_on};
use lockset_remote::{Locks, zookeeper::ZooKeeper};
use testbed::{ZooKeeperTls, eventually};

fn tls() -> ZooKeeperTls {
    ZooKeeperTls::start().unwrap_or_else(|error| panic!("{error}"))
}

fn trusting(url: &str, of: &ZooKeeperTls) -> Locks {
    let roots = fs::read(of.authority()).unwrap();
    Locks::new(ZooKeeper::new(url).unwrap().with_root_certificates(&roots).unwrap())
}

fn refused(locks: &Locks) {
    let error = locks.lock("job").unwrap().lock().map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(format!("{error:?}").contains("certificate that is trusted"), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn a_server_is_trusted_by_the_roots_that_are_given_and_by_no_other() {
    let [server, stranger] = [tls(), tls()];
    let url = server.url().replace("zks://", "zks://me:hunter2@");
    let locks = trusting(&url, &server);
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    held.renew().unwrap();
    let waiting = lock.acquire(Deadline::NEVER);
    eventually("it waits", || locks.inspect("job").unwrap().waiters.len() == 1);
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert!(block_on(waiting).unwrap().is_some());

    refused(&trusting(&url, &stranger));
    // The system has never heard of the testbed's authority.
    refused(&Locks::new(ZooKeeper::new(&url).unwrap()));
    let plain = format!("zks://me:hunter2@{}", server.server().addr());
    refused(&trusting(&plain, &server));
}

#[test]
fn what_is_no_certificate_and_no_name_in_one_is_refused_at_once() {
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (url, roots) in [("zk://h", damaged), ("zks://h", ""), ("zks://[::1]", damaged)] {
        let store = ZooKeeper::new(url).unwrap();
        let error = store.with_root_certificates(roots.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error:?}");
    }
    let error = ZooKeeper::new("zks://me:hunter2@h1,no(name").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}
