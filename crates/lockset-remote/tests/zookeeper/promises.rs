//! What the engine relies on in every store, asked of ZooKeeper's directly.

use std::sync::Arc;
use std::time::Duration;

use lockset_api::Name;
use lockset_remote::{
    Attempt, LeaseStore, Mode, Request, StoreError, Wake, Withdrawn, zookeeper::ZooKeeper,
};
use testbed::{Proxy, ZooKeeper as Server};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::support::{LONG, behind, server};

/// So long an exchange is waited for that is not answered.
const BRIEF: Duration = Duration::from_millis(100);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn request(mode: Mode) -> Request {
    Request::of(Arc::new([Name::new("pool").unwrap()]), mode, LONG).unwrap()
}

fn permits(n: u32, of: u32) -> Request {
    request(Mode::Permits { n, of })
}

fn fence(attempt: Attempt) -> u64 {
    match attempt {
        Attempt::Granted(fence) => fence.value(),
        other => panic!("not granted: {other:?}"),
    }
}

/// One with a greater limit, or none, finds room beside the holder that one before it does not
/// find: it waits behind that, and fences rise.
#[test]
fn each_request_keeps_to_its_own_limit_and_to_the_line() {
    let (server, runtime) = (server(), runtime());
    let store = ZooKeeper::new(&server.url()).unwrap();
    runtime
        .block_on(async {
            for wide in [permits(1, 10), request(Mode::Shared)] {
                let (holder, narrow) = (permits(3, 3), permits(1, 1));
                let mut fences = vec![fence(store.attempt(&holder, LONG).await?)];
                assert!(matches!(store.attempt(&narrow, LONG).await?, Attempt::Queued { .. }));
                let attempt = store.attempt(&wide, LONG).await?;
                assert!(matches!(attempt, Attempt::Queued { .. }), "{wide:?} passed: {attempt:?}");
                let status = store.inspect(&holder.names[0]).await?;
                assert_eq!((status.holders.len(), status.waiters.len()), (1, 2), "{status:?}");
                // It waits for the holder and for the narrow one, of whom each goes in its turn.
                let later = async {
                    store.release(&holder).await?;
                    let Wake::Granted(grant) = store.wait(&narrow, 1, LONG).await? else {
                        panic!("the narrow one was not granted")
                    };
                    store.release(&narrow).await?;
                    Ok::<_, StoreError>(grant.fence.value())
                };
                let (wake, narrow) = tokio::join!(store.wait(&wide, 1, LONG), later);
                let Wake::Granted(grant) = wake? else { panic!("the wide one was not granted") };
                fences.extend([narrow?, grant.fence.value()]);
                assert!(fences.is_sorted_by(|before, after| before < after), "{fences:?}");
                store.release(&wide).await?;
            }
            Ok::<(), StoreError>(())
        })
        .unwrap();
}

/// One who waits only for another behind whom it stands is granted the lock when that gives up.
#[test]
fn whoever_gives_up_lets_those_behind_it_pass() {
    let (server, runtime) = (server(), runtime());
    let store = ZooKeeper::new(&server.url()).unwrap();
    runtime
        .block_on(async {
            let (holder, narrow, wide) = (permits(3, 3), permits(1, 1), permits(1, 10));
            fence(store.attempt(&holder, LONG).await?);
            assert!(matches!(store.attempt(&narrow, LONG).await?, Attempt::Queued { .. }));
            assert!(matches!(store.attempt(&wide, LONG).await?, Attempt::Queued { .. }));
            let (wake, gone) = tokio::join!(store.wait(&wide, 1, LONG), store.release(&narrow));
            gone?;
            assert!(matches!(wake?, Wake::Granted(_)));
            store.release(&wide).await?;
            store.release(&holder).await?;
            Ok::<(), StoreError>(())
        })
        .unwrap();
}

/// Waits until so many nodes stand in the line of `pool`.
async fn stand(server: &Server, count: usize) {
    let is_node = |line: &&str| line.starts_with("\t/lockset/pool/");
    let nodes = || server.ask("dump").unwrap().lines().filter(is_node).count();
    let reached = timeout(LONG, async {
        while nodes() != count {
            sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(reached.await.is_ok(), "{} stand in line, not {count}", nodes());
}

/// Its release is given up while there is no connection, and the session lives on: nobody asks for
/// it any more, and it is removed all the same.
#[test]
fn a_place_that_was_given_up_while_there_was_no_connection() {
    let (server, runtime) = (server(), runtime());
    let proxy = Proxy::start(server.addr()).unwrap();
    let far = ZooKeeper::new(&behind(&proxy)).unwrap();
    let near = ZooKeeper::new(&server.url()).unwrap();
    let [holder, waiter, doubtful, other] = [(); 4].map(|()| request(Mode::Exclusive));
    runtime.block_on(async {
        fence(near.attempt(&holder, LONG).await.unwrap());
        let queued = far.attempt(&waiter, LONG).await.unwrap();
        assert!(matches!(queued, Attempt::Queued { .. }));
        server.pause().unwrap();
        let unanswered = timeout(BRIEF, far.attempt(&doubtful, LONG)).await;
        assert!(unanswered.is_err(), "a stopped server answered");
        proxy.sever();
        server.resume().unwrap();
        stand(&server, 3).await;
        for request in [&waiter, &doubtful] {
            let released = timeout(BRIEF, far.release(request)).await;
            assert!(released.is_err(), "without a connection");
        }
        proxy.heal();
        stand(&server, 1).await;
        for request in [&waiter, &doubtful] {
            assert_eq!(far.release(request).await.unwrap(), Withdrawn::NotHeld);
        }
        let queued = far.attempt(&other, LONG).await.unwrap();
        assert!(matches!(queued, Attempt::Queued { .. }));
        assert_eq!(near.release(&holder).await.unwrap(), Withdrawn::Freed);
        let Wake::Granted(_) = far.wait(&other, 1, LONG).await.unwrap() else { panic!() };
        assert_eq!(far.release(&other).await.unwrap(), Withdrawn::Freed);
    });
}

/// A waiter who may not watch one before it is told so; it does not ask again and again.
#[test]
fn a_watch_that_is_refused() {
    let (server, runtime) = (server(), runtime());
    let open = ZooKeeper::new(&server.url()).unwrap();
    let closed = ZooKeeper::new(&format!("zk://me:hunter2@{}", server.addr())).unwrap();
    let [ours, theirs, waiter] = [(); 3].map(|()| permits(1, 2));
    runtime
        .block_on(async {
            fence(open.attempt(&ours, LONG).await?);
            fence(closed.attempt(&theirs, LONG).await?);
            assert!(matches!(open.attempt(&waiter, LONG).await?, Attempt::Queued { .. }));
            let error = open.wait(&waiter, 1, LONG).await.expect_err("it was told nothing");
            assert_eq!(error.to_string(), "the server refused");
            open.release(&waiter).await?;
            stand(&server, 2).await;
            closed.release(&theirs).await?;
            open.release(&ours).await?;
            Ok::<(), StoreError>(())
        })
        .unwrap();
}
