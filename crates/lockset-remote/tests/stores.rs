//! What the engine relies on in every store, asked of each directly: an id owns what it was granted
//! and nothing else, however late it comes.

use std::time::Duration;

use lockset_api::Name;
use lockset_remote::{Attempt, LeaseStore, Op, Renewed, Request, Withdrawn};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn request(ttl: Duration) -> Request {
    Request::new(Name::new("job").unwrap(), ttl).unwrap()
}

fn granted(attempt: Attempt) -> u64 {
    match attempt {
        Attempt::Granted(fence) => fence.value(),
        other => panic!("not granted: {other:?}"),
    }
}

const LONG: Duration = Duration::from_secs(60);
const BRIEF: Duration = Duration::from_millis(30);

fn keeps_its_promises(store: &dyn LeaseStore) {
    let runtime = runtime();
    fn ask<T>(runtime: &Runtime, op: Op<'_, T>) -> T {
        runtime.block_on(op).unwrap()
    }
    let (owner, stranger) = (request(LONG), request(LONG));
    let first = granted(ask(&runtime, store.attempt(&owner, Duration::ZERO)));

    assert!(matches!(
        ask(&runtime, store.attempt(&stranger, Duration::ZERO)),
        Attempt::Busy { .. }
    ));
    assert_eq!(ask(&runtime, store.renew(&stranger)), Renewed::Gone);
    assert_eq!(ask(&runtime, store.release(&stranger)), Withdrawn::NotHeld);
    assert_eq!(ask(&runtime, store.renew(&owner)), Renewed::Yes);
    assert_eq!(ask(&runtime, store.release(&owner)), Withdrawn::Freed);
    assert_eq!(ask(&runtime, store.release(&owner)), Withdrawn::NotHeld);
    assert_eq!(ask(&runtime, store.renew(&owner)), Renewed::Gone);

    let brief = request(BRIEF);
    let second = granted(ask(&runtime, store.attempt(&brief, Duration::ZERO)));
    assert!(second > first);
    // Whoever is busy says for how long at most; after that it is free, and the late one has
    // nothing to renew or to release.
    loop {
        match ask(&runtime, store.attempt(&stranger, Duration::ZERO)) {
            Attempt::Granted(fence) => break assert!(fence.value() > second),
            Attempt::Busy { held } => {
                assert!(held <= BRIEF + Duration::from_millis(1), "{held:?}");
                ask(&runtime, store.wait(&stranger, 1, held));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ask(&runtime, store.renew(&brief)), Renewed::Gone);
    assert_eq!(ask(&runtime, store.release(&brief)), Withdrawn::NotHeld);
    assert_eq!(ask(&runtime, store.renew(&stranger)), Renewed::Yes);
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite() {
    let dir = tempfile::tempdir().unwrap();
    keeps_its_promises(&lockset_remote::sqlite::Sqlite::open(dir.path().join("db")).unwrap());
}

#[cfg(feature = "redis")]
#[test]
fn redis() {
    let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    keeps_its_promises(&lockset_remote::redis::Redis::new(&server.url()).unwrap());
}

/// Nobody renews a lease that has run out, even if nobody has taken it since.
#[cfg(feature = "redis")]
#[test]
fn redis_does_not_renew_what_has_run_out() {
    let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let store = lockset_remote::redis::Redis::new(&server.url()).unwrap();
    let runtime = runtime();
    let brief = request(BRIEF);
    granted(runtime.block_on(store.attempt(&brief, Duration::ZERO)).unwrap());
    testbed::eventually("it has run out", || {
        runtime.block_on(store.inspect(&brief.names[0])).unwrap().holders.is_empty()
    });
    assert_eq!(runtime.block_on(store.renew(&brief)).unwrap(), Renewed::Gone);
}

/// A waiter that is not heard of in time has lost its turn, though its connection lives.
#[cfg(feature = "redis")]
#[test]
fn redis_forgets_a_waiter_by_its_own_clock() {
    let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let store = lockset_remote::redis::Redis::new(&server.url()).unwrap();
    let runtime = runtime();
    let (holder, late, next) = (request(LONG), request(LONG), request(LONG));
    granted(runtime.block_on(store.attempt(&holder, Duration::ZERO)).unwrap());
    for (waiter, patience) in [(&late, BRIEF), (&next, LONG)] {
        let answer = runtime.block_on(store.attempt(waiter, patience)).unwrap();
        assert!(matches!(answer, Attempt::Queued { .. }), "{answer:?}");
    }
    testbed::eventually("the first has not been heard of in time", || {
        let status = runtime.block_on(store.inspect(&late.names[0])).unwrap();
        status.waiters.len() == 1
    });
    assert_eq!(runtime.block_on(store.release(&holder)).unwrap(), Withdrawn::Freed);
    assert_eq!(runtime.block_on(store.renew(&late)).unwrap(), Renewed::Gone);
    assert_eq!(runtime.block_on(store.renew(&next)).unwrap(), Renewed::Yes);
}

/// The same, and after a start of the machine.
#[cfg(feature = "sqlite")]
#[test]
fn sqlite_expires_and_starts_anew_with_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let store = lockset_remote::sqlite::Sqlite::open(&path).unwrap();
    let runtime = runtime();
    let file = rusqlite::Connection::open(&path).unwrap();
    let late = request(LONG);
    granted(runtime.block_on(store.attempt(&late, Duration::ZERO)).unwrap());
    file.execute("UPDATE lockset_lease SET expires_ms = 1", []).unwrap();
    assert_eq!(runtime.block_on(store.renew(&late)).unwrap(), Renewed::Gone);
    assert_eq!(runtime.block_on(store.release(&late)).unwrap(), Withdrawn::NotHeld);

    // A lease of an earlier start of the machine: its holder cannot have survived.
    granted(runtime.block_on(store.attempt(&request(LONG), Duration::ZERO)).unwrap());
    file.execute("UPDATE lockset_lease SET boot = 'an earlier one'", []).unwrap();
    granted(runtime.block_on(store.attempt(&request(LONG), Duration::ZERO)).unwrap());
}
