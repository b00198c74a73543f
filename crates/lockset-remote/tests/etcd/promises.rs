//! What the engine relies on in every store, asked of the store directly: an id owns what it was
//! granted and nothing else, however late it comes.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Lock, Name};
use lockset_remote::{
    Attempt, LeaseStore, Mode, Renewed, Request, StoreError, Wake, Withdrawn, etcd::Etcd,
};
use testbed::{Etcd as Server, Proxy, eventually};
use tokio::runtime::{Builder, Runtime};

use crate::support::{LONG, behind, job, keys, server};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn request() -> Request {
    Request::new(Name::new("job").unwrap(), LONG).unwrap()
}

fn permits(n: u32, of: u32) -> Request {
    let names = [Name::new("pool").unwrap()];
    Request::of(std::sync::Arc::new(names), Mode::Permits { n, of }, LONG).unwrap()
}

fn fence(attempt: Attempt) -> u64 {
    match attempt {
        Attempt::Granted(fence) => fence.value(),
        other => panic!("not granted: {other:?}"),
    }
}

#[test]
fn an_id_owns_what_it_was_granted_and_nothing_else() {
    let (server, runtime) = (server(), runtime());
    let store = Etcd::new(&server.url()).unwrap();
    runtime
        .block_on(async {
            let (owner, stranger) = (request(), request());
            let attempt =
                async |request: &Request, patience| store.attempt(request, patience).await;
            let first = fence(attempt(&owner, Duration::ZERO).await?);
            // Again, as after an answer that was lost.
            assert_eq!(fence(attempt(&owner, Duration::ZERO).await?), first);
            assert_eq!(fence(attempt(&owner, LONG).await?), first);
            assert!(matches!(attempt(&stranger, Duration::ZERO).await?, Attempt::Busy { .. }));
            assert_eq!(store.renew(&stranger).await?, Renewed::Gone);
            assert_eq!(store.release(&stranger).await?, Withdrawn::NotHeld);
            assert!(matches!(attempt(&stranger, LONG).await?, Attempt::Queued { .. }));
            assert_eq!(store.renew(&owner).await?, Renewed::Yes);
            assert_eq!(store.release(&owner).await?, Withdrawn::Freed);
            assert_eq!(store.release(&owner).await?, Withdrawn::NotHeld);
            assert_eq!(store.renew(&owner).await?, Renewed::Gone);
            let Wake::Granted(grant) = store.wait(&stranger, 1, LONG).await? else { panic!() };
            assert!(grant.fence.value() > first);
            assert_eq!(fence(attempt(&stranger, LONG).await?), grant.fence.value());
            assert_eq!(store.release(&stranger).await?, Withdrawn::Freed);
            Ok::<(), StoreError>(())
        })
        .unwrap();
    assert_eq!(keys(&server), 0);
}

/// A waiter whose limit is smaller than others' is not passed by them, and so finds no more than
/// its limit when its turn comes.
#[test]
fn each_request_keeps_to_its_own_limit_and_to_the_line() {
    let (server, runtime) = (server(), runtime());
    let store = Etcd::new(&server.url()).unwrap();
    runtime
        .block_on(async {
            let (holder, narrow, wide) = (permits(1, 3), permits(1, 1), permits(1, 3));
            fence(store.attempt(&holder, LONG).await?);
            assert!(matches!(store.attempt(&narrow, LONG).await?, Attempt::Queued { .. }));
            assert!(matches!(store.attempt(&wide, LONG).await?, Attempt::Queued { .. }));
            store.release(&holder).await?;
            assert!(matches!(store.wait(&narrow, 1, LONG).await?, Wake::Granted(_)));
            store.release(&narrow).await?;
            assert!(matches!(store.wait(&wide, 1, LONG).await?, Wake::Granted(_)));
            store.release(&wide).await?;
            Ok::<(), StoreError>(())
        })
        .unwrap();
}

/// An attempt that nobody waits for any more, its release, and a server that does both when it is
/// let go on, in whichever order: the request must come to own nothing.
#[test]
fn an_attempt_that_is_done_after_its_release_takes_nothing() {
    let (server, runtime) = (server(), runtime());
    let (far, near) = (Etcd::new(&server.url()).unwrap(), Etcd::new(&server.url()).unwrap());
    runtime
        .block_on(async {
            // It keeps the session alive, and with it what is left behind.
            let other = Request::new(Name::new("other").unwrap(), LONG).unwrap();
            fence(far.attempt(&other, LONG).await?);
            for _ in 0..20 {
                let late = request();
                server.pause().unwrap();
                // Shorter than a silence for which the connection would be given up.
                let patience = Duration::from_millis(50);
                let answer = tokio::time::timeout(patience, far.attempt(&late, LONG)).await;
                assert!(answer.is_err(), "a stopped server answered");
                let release = far.release(&late);
                let (released, resumed) = tokio::join!(release, async { server.resume() });
                resumed.unwrap();
                released?;
                let next = request();
                let answer = near.attempt(&next, LONG).await?;
                assert!(matches!(answer, Attempt::Granted(_)), "left behind by {}", late.id);
                near.release(&next).await?;
                // What comes even later, as well.
                tokio::task::yield_now().await;
            }
            far.release(&other).await?;
            Ok::<(), StoreError>(())
        })
        .unwrap();
    assert!(keys(&server) <= 1, "more than the count of the recalls");
}

/// The same when it is under way for longer than its release, on a connection of the past.
#[test]
fn an_attempt_that_arrives_after_its_release_takes_nothing() {
    let (server, runtime) = (server(), runtime());
    let proxy = Proxy::start(server.addr()).unwrap();
    let store = Etcd::new(&behind(&proxy)).unwrap();
    let (own, other) = (request(), Request::new(Name::new("other").unwrap(), LONG).unwrap());
    // It keeps the session alive, and with it what is left behind.
    runtime.block_on(store.attempt(&other, LONG)).unwrap();
    proxy.delay(Duration::from_secs(1));
    let mut late = store.attempt(&own, LONG);
    let short = Duration::from_millis(150);
    let silent = async { tokio::time::timeout(short, &mut late).await };
    assert!(runtime.block_on(silent).is_err());
    // Nor does anything else come through: the connection is given up.
    let silent = async { tokio::time::timeout(short, store.inspect(&own.names[0])).await };
    assert!(runtime.block_on(silent).is_err());
    proxy.delay(Duration::ZERO);
    assert_eq!(runtime.block_on(store.release(&own)).unwrap(), Withdrawn::NotHeld);
    let done = transactions(&server);
    eventually("the attempt is done", || transactions(&server) > done);
    let near = Etcd::new(&server.url()).unwrap();
    let next = runtime.block_on(near.attempt(&request(), Duration::ZERO)).unwrap();
    assert!(matches!(next, Attempt::Granted(_)), "left behind");
}

/// How many the server has answered.
fn transactions(server: &Server) -> u64 {
    let metrics = server.metrics().unwrap();
    let answered = r#"grpc_server_handled_total{grpc_code="OK",grpc_method="Txn""#;
    let line = metrics.lines().find(|line| line.starts_with(answered));
    line.and_then(|line| line.rsplit(' ').next()).map_or(0, |count| count.parse().unwrap())
}

/// An attempt that is under way for so long that its session is replaced meanwhile, and that the
/// server then does: it must not move what the request has by now to a session that ends.
#[test]
fn an_attempt_of_a_session_that_was_replaced_changes_nothing() {
    const TTL: Duration = Duration::from_secs(1);
    let (server, runtime) = (server(), runtime());
    let proxy = Proxy::start(server.addr()).unwrap();
    let store = Etcd::new(&behind(&proxy)).unwrap();
    let request = |name| Request::new(Name::new(name).unwrap(), TTL).unwrap();
    // The test's own time passes without the store's.
    let clock = job(&server.url(), LONG).lock().unwrap();
    let until = |instant: Instant| {
        let left = instant.saturating_duration_since(Instant::now());
        assert_eq!(clock.lost().wait(Deadline::after(left)), None);
    };

    let began = Instant::now();
    let other = request("other");
    runtime.block_on(store.attempt(&other, LONG)).unwrap();
    runtime.block_on(store.release(&other)).unwrap();
    until(began + TTL / 2);
    // The server keeps the session for 2 s, so it has it still when this arrives.
    proxy.delay(TTL * 11 / 10);
    let own = request("own");
    let mut late = store.attempt(&own, LONG);
    let silent = async { tokio::time::timeout(TTL / 20, &mut late).await };
    assert!(runtime.block_on(silent).is_err());
    // Nor does anything else come through: the connection is given up.
    let name = Name::new("own").unwrap();
    let silent = async { tokio::time::timeout(TTL * 3 / 20, store.inspect(&name)).await };
    assert!(runtime.block_on(silent).is_err());
    proxy.delay(Duration::ZERO);
    until(began + TTL * 11 / 10);
    let first = fence(runtime.block_on(store.attempt(&own, LONG)).unwrap());
    let session = session_of(&server);
    // Whatever it says, nobody waits for it any more.
    drop(runtime.block_on(late));
    assert_eq!(session_of(&server), session, "{first} ends with a session of the past");
    assert_eq!(runtime.block_on(store.renew(&own)).unwrap(), Renewed::Yes);
    assert_eq!(runtime.block_on(store.release(&own)).unwrap(), Withdrawn::Freed);
}

/// The session of the key for the lock `own`.
fn session_of(server: &Server) -> String {
    let own = r#"{"key":"bG9ja3NldC9sb2NrL293bi8=","range_end":"bG9ja3NldC9sb2NrL293bjA="}"#;
    let answer = server.post("/v3/kv/range", own).unwrap();
    let id = answer.split_once(r#""lease":""#).and_then(|(_, rest)| rest.split('"').next());
    id.unwrap_or_else(|| panic!("no key: {answer}")).to_owned()
}
