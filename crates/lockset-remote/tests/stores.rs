//! What the engine relies on in every store, asked of each directly: an id owns what it was granted
//! and nothing else, however late it comes.

#![cfg(any(feature = "mysql", feature = "redis", feature = "sqlite"))]

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

/// What a quorum relies on, besides, in those that can be part of one.
#[cfg(any(feature = "redis", feature = "sqlite"))]
fn votes(runtime: &Runtime, store: &dyn LeaseStore) {
    use lockset_api::Fence;
    use lockset_remote::Raised;
    let ask = |request: &Request| runtime.block_on(store.attempt(request, Duration::ZERO)).unwrap();
    let raise = |request, to| runtime.block_on(store.raise(request, Fence::new(to))).unwrap();
    let free = |request| runtime.block_on(store.release(request)).unwrap();
    // Beyond the clocks, of which none is in it.
    let floor = |floor| {
        let mut request = request(LONG);
        request.floor = Some(Fence::new(floor));
        request
    };
    let start = 3_000_000_000_000_000;
    let first = floor(start);
    assert_eq!(granted(ask(&first)), start);
    free(&first);
    let second = floor(start - 7);
    assert_eq!(granted(ask(&second)), start + 1, "the counter went back, or a clock is in it");

    assert_eq!(raise(&first, start + 50), Raised::No, "it is not the request's");
    assert_eq!(raise(&second, start), Raised::No, "it went back");
    assert_eq!(raise(&second, start + 1), Raised::Yes, "it is that already");
    assert_eq!(raise(&second, start + 10), Raised::Yes);
    assert_eq!(raise(&second, start + 9), Raised::No, "it went back");
    free(&second);
    assert_eq!(raise(&second, start + 50), Raised::No, "it has been given back");
    let third = floor(start);
    assert_eq!(granted(ask(&third)), start + 11);
    free(&third);

    // A vote that has run out is nobody's, whether or not somebody came to find that out.
    let mut brief = request(BRIEF);
    brief.floor = Some(Fence::new(start));
    assert_eq!(granted(ask(&brief)), start + 12);
    let gone = std::time::Instant::now() + BRIEF * 2;
    while std::time::Instant::now() < gone {
        std::thread::yield_now();
    }
    assert_eq!(raise(&brief, start + 50), Raised::No, "it has run out");
    assert_eq!(granted(ask(&third)), start + 13);
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_in_a_quorum() {
    let dir = tempfile::tempdir().unwrap();
    votes(&runtime(), &lockset_remote::sqlite::Sqlite::open(dir.path().join("db")).unwrap());
}

#[cfg(feature = "redis")]
#[test]
fn redis_in_a_quorum() {
    use lockset_api::Fence;
    use lockset_remote::{Enrolled, Memory};
    let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let store = lockset_remote::redis::Redis::new(&server.url()).unwrap();
    let runtime = runtime();
    let mut vote = request(LONG);
    vote.floor = Some(Fence::new(1));
    let attempt = || runtime.block_on(store.attempt(&vote, Duration::ZERO)).unwrap();
    let recall = || runtime.block_on(store.recall()).unwrap();
    let memory = |top| Memory::new(Fence::new(top), BRIEF);
    let enroll = |time, top| runtime.block_on(store.enroll(time, memory(top))).unwrap();

    // It grants nothing before it belongs to the quorum, which it does when it has abstained.
    assert_eq!((attempt(), recall()), (Attempt::Stranger, None));
    assert!(matches!(enroll(LONG, 5), Enrolled::In(left) if left <= LONG));
    assert_eq!((attempt(), recall()), (Attempt::Stranger, None));
    assert_eq!(enroll(Duration::ZERO, 5), Enrolled::Yes);
    assert_eq!(recall(), Some(memory(5)));
    // Once only.
    assert_eq!(enroll(Duration::ZERO, 7), Enrolled::Yes);
    assert_eq!(granted(attempt()), 6);
    assert_eq!(recall(), Some(Memory::new(Fence::new(6), LONG)));
    runtime.block_on(store.release(&vote)).unwrap();
    votes(&runtime, &store);
    assert_eq!(recall().unwrap().top, Fence::new(3_000_000_000_000_013));
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite() {
    let dir = tempfile::tempdir().unwrap();
    keeps_its_promises(&lockset_remote::sqlite::Sqlite::open(dir.path().join("db")).unwrap());
}

#[cfg(feature = "mysql")]
#[test]
fn mysql() {
    let server = testbed::MariaDb::start().unwrap_or_else(|error| panic!("{error}"));
    keeps_its_promises(&lockset_remote::mysql::Mysql::new(&server.url()).unwrap());
}

#[cfg(feature = "redis")]
#[test]
fn redis() {
    let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    keeps_its_promises(&lockset_remote::redis::Redis::new(&server.url()).unwrap());
}

/// Nobody renews a lease that has run out, even if nobody has taken it since.
#[cfg(any(feature = "mysql", feature = "redis"))]
fn does_not_renew_what_has_run_out(store: &dyn LeaseStore) {
    let runtime = runtime();
    let brief = request(BRIEF);
    granted(runtime.block_on(store.attempt(&brief, Duration::ZERO)).unwrap());
    testbed::eventually("it has run out", || {
        runtime.block_on(store.inspect(&brief.names[0])).unwrap().holders.is_empty()
    });
    assert_eq!(runtime.block_on(store.renew(&brief)).unwrap(), Renewed::Gone);
}

#[cfg(feature = "redis")]
#[test]
fn redis_does_not_renew_what_has_run_out() {
    let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    does_not_renew_what_has_run_out(&lockset_remote::redis::Redis::new(&server.url()).unwrap());
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_does_not_renew_what_has_run_out() {
    let server = testbed::MariaDb::start().unwrap_or_else(|error| panic!("{error}"));
    does_not_renew_what_has_run_out(&lockset_remote::mysql::Mysql::new(&server.url()).unwrap());
}

/// A waiter that is not heard of in time has lost its turn, though its process lives.
#[cfg(any(feature = "redis", feature = "sqlite"))]
fn forgets_a_waiter_by_its_own_clock(store: &dyn LeaseStore) {
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

#[cfg(feature = "redis")]
#[test]
fn redis_forgets_a_waiter_by_its_own_clock() {
    let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let store = lockset_remote::redis::Redis::new(&server.url()).unwrap();
    forgets_a_waiter_by_its_own_clock(&store);
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_forgets_a_waiter_by_its_own_clock() {
    let dir = tempfile::tempdir().unwrap();
    let store = lockset_remote::sqlite::Sqlite::open(dir.path().join("db")).unwrap();
    forgets_a_waiter_by_its_own_clock(&store);
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
    file.execute("UPDATE lockset_lease SET ends = 1", []).unwrap();
    assert_eq!(runtime.block_on(store.renew(&late)).unwrap(), Renewed::Gone);
    assert_eq!(runtime.block_on(store.release(&late)).unwrap(), Withdrawn::NotHeld);

    // A lease of an earlier start of the machine: its holder cannot have survived, nor can those
    // who waited. Only its fence remains.
    let held = granted(runtime.block_on(store.attempt(&request(LONG), Duration::ZERO)).unwrap());
    let waiting = runtime.block_on(store.attempt(&request(LONG), LONG)).unwrap();
    assert!(matches!(waiting, Attempt::Queued { .. }), "{waiting:?}");
    drop(store);
    file.execute("UPDATE lockset_schema SET boot = 'an earlier one'", []).unwrap();
    let store = lockset_remote::sqlite::Sqlite::open(&path).unwrap();
    assert_eq!(runtime.block_on(store.inspect(&late.names[0])).unwrap().waiters, []);
    let after = granted(runtime.block_on(store.attempt(&request(LONG), Duration::ZERO)).unwrap());
    assert!(after > held);
}
