//! Leases that go from one process to another in a ticket, and what comes between.

use std::time::Duration;

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Released};
use testbed::Proxy;

use crate::support::{LONG, behind, job, locks, server, sessions};

/// A session in a ticket went down with the process that had begun it.
#[test]
fn a_lease_that_ends_with_the_session_of_its_first_holder() {
    let server = server();
    let first = job(&server.url(), Duration::from_secs(2)).lock().unwrap();
    let fence = first.fence();
    let second = locks(&server.url()).resume(first.into_ticket()).unwrap();
    assert_eq!(second.fence(), fence);
    // Longer than the first session lives, which has nothing any more.
    assert_eq!(second.lost().wait(Deadline::after(Duration::from_secs(6))), None);
    assert!(job(&server.url(), LONG).try_lock().unwrap().is_none());
    assert_eq!(second.release().unwrap(), Released::InTime);
}

/// That it was tried in vain was taken for the loss of the lease.
#[test]
fn a_ticket_that_could_not_be_resumed_at_first() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let heirs = locks(&behind(&proxy));
    // There is a session already, and one more connection.
    let other = heirs.lock("other").unwrap().with_ttl(LONG).unwrap().lock().unwrap();
    let ticket = job(&server.url(), LONG).lock().unwrap().into_ticket();
    proxy.sever();
    for _ in 0..2 {
        let kind = heirs.resume(ticket.clone()).unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Unknown), "{kind:?}");
    }
    proxy.heal();
    let lease = heirs.resume(ticket).unwrap();
    lease.renew().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
    assert_eq!(other.release().unwrap(), Released::InTime);
}

/// The same, and the session that it was to get has ended since.
#[test]
fn a_ticket_that_is_resumed_into_a_session_that_has_ended() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let heirs = locks(&behind(&proxy));
    let other = heirs.lock("other").unwrap().with_ttl(LONG).unwrap().lock().unwrap();
    let its = sessions(&server);
    let ticket = job(&server.url(), LONG).lock().unwrap().into_ticket();
    proxy.sever();
    heirs.resume(ticket.clone()).unwrap_err();
    for id in its {
        server.post("/v3/lease/revoke", &format!(r#"{{"ID":"{id}"}}"#)).unwrap();
    }
    proxy.heal();
    let lease = heirs.resume(ticket).unwrap();
    lease.renew().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
    drop(other);
}

/// Where it had been first, the key was looked for in the session of then.
#[test]
fn a_ticket_that_comes_back() {
    let server = server();
    let (one, other) = (locks(&server.url()), locks(&server.url()));
    let mut lease = one.lock("job").unwrap().with_ttl(LONG).unwrap().lock().unwrap();
    for _ in 0..3 {
        lease = other.resume(lease.into_ticket()).unwrap();
        lease = one.resume(lease.into_ticket()).unwrap();
    }
    lease.renew().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
}
