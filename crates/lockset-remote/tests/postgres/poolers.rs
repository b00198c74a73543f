//! PgBouncer in front of the server: refused where it takes sessions apart.

use lockset_api::{ErrorKind, Lease as _, Lock, Released};
use testbed::PgBouncer;

use super::{LONG, granted_and_awaited, job, server};

#[test]
fn a_pool_that_takes_sessions_apart_is_refused() {
    let server = server();
    for mode in ["transaction", "statement"] {
        let pooler = PgBouncer::start(&server, mode).unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..3 {
            let error = job(&pooler.url(), LONG).try_lock().map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{mode}: {error:?}");
            let said = format!("{error:?}");
            assert!(said.contains("session mode"), "{mode}: {said}");
        }
        assert_eq!(granted_and_awaited(&server), (0, 0));
    }
}

#[test]
fn a_pool_of_sessions_will_do() {
    let server = server();
    let pooler = PgBouncer::start(&server, "session").unwrap_or_else(|error| panic!("{error}"));
    let (lock, direct) = (job(&pooler.url(), LONG), job(&server.url(), LONG));
    let lease = lock.lock().unwrap();
    assert!(direct.try_lock().unwrap().is_none());
    assert_eq!(lease.release().unwrap(), Released::InTime);
    let lease = direct.try_lock().unwrap().expect("it is free");
    assert!(lock.try_lock().unwrap().is_none());
    drop(lease);
}
