//! Waiters whose server has no time for them, or none that they can reach, for a while.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Lock, Name, Released, block_on};
use lockset_remote::{Attempt, LeaseStore as _, Request, Wake, mysql::Mysql};
use mysql_async::{Conn, Opts, prelude::Queryable};
use testbed::{MariaDb, Proxy, eventually};

use super::{LONG, SERVER, ask, behind, job, server, until_waiting};

/// A waiter looks for the first time after so long.
const TTL: Duration = Duration::from_secs(1);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The session that waits, by the server's number.
const WAITING: &str = "SELECT id FROM information_schema.processlist WHERE state = 'User lock'";

fn waiting(server: &MariaDb) -> Vec<u64> {
    ask(server, WAITING)
}

/// Asks what the server has counted.
fn counter(name: &str) -> String {
    let text = "SELECT CAST(variable_value AS UNSIGNED) FROM information_schema.global_status \
                WHERE variable_name = ";
    format!("{text}'{name}'")
}

/// Its look failed for want of a connection, and it was told that it could not have the lock.
#[test]
fn a_waiter_keeps_its_place_while_no_connection_is_to_be_had() {
    let server = server();
    let held = job(&server.url(), "job", LONG).lock().unwrap();
    let waiter = job(&server.url(), "job", TTL).acquire(Deadline::NEVER);
    eventually("it waits", || waiting(&server).len() == 1);
    let runtime = runtime();
    let connect = async |url: &str| Conn::new(Opts::from_url(url).unwrap()).await;
    let mut root = runtime.block_on(connect(&server.url_of("root"))).unwrap();
    let mut numbers = |text: &str| runtime.block_on(root.query::<u64, _>(text)).unwrap();
    let before = numbers(WAITING);
    // The least that there can be.
    numbers("SET GLOBAL max_connections = 10");
    let mut others = Vec::new();
    while let Ok(other) = runtime.block_on(connect(&server.url())) {
        others.push(other);
    }
    let mut attempts = || numbers(&counter("Connections"))[0];
    let until_now = attempts();
    eventually("the waiter has looked", || attempts() > until_now);
    // And would look again, if that had been in vain.
    assert_eq!(held.lost().wait(Deadline::after(TTL * 3)), None);
    assert_eq!(numbers(WAITING), before, "it has lost its place");
    assert_eq!(held.release().unwrap(), Released::InTime);
    let lease = block_on(waiter).unwrap().expect("its turn");
    assert_eq!(lease.release().unwrap(), Released::InTime);
    runtime.block_on(async { drop(others) });
}

#[test]
fn a_waiter_keeps_its_place_when_one_look_fails() {
    let server = server();
    let held = job(&server.url(), "job", LONG).lock().unwrap();
    let waiter = job(&server.url(), "job", TTL).acquire(Deadline::NEVER);
    eventually("it waits", || waiting(&server).len() == 1);
    let before = waiting(&server);
    let denied = || ask::<u64>(&server, &counter("Access_denied_errors"))[0];
    let until_now = denied();
    ask::<u64>(&server, "SET PASSWORD FOR lockset = PASSWORD('another')");
    eventually("a look fails", || denied() > until_now);
    ask::<u64>(&server, "SET PASSWORD FOR lockset = PASSWORD('secret')");
    // The next one comes as soon as the first.
    assert_eq!(held.lost().wait(Deadline::after(TTL * 3)), None);
    assert_eq!(waiting(&server), before, "it has lost its place");
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert!(block_on(waiter).unwrap().is_some());
}

/// An attempt that did not reach the server forgot the sessions of those before it, whose
/// statements still stood in line.
#[test]
fn what_is_left_of_an_attempt_is_not_forgotten_when_the_next_one_does_not_arrive() {
    let name = "waiters/forgotten";
    let held = job(&SERVER.url(), name, LONG).lock().unwrap();
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let store = Mysql::new(&behind(&proxy)).unwrap();
    let request = Request::new(Name::new(name).unwrap(), LONG).unwrap();
    runtime().block_on(async {
        let attempt = store.attempt(&request, LONG).await.unwrap();
        assert!(matches!(attempt, Attempt::Queued { .. }), "{attempt:?}");
        proxy.sever();
        assert_eq!(store.wait(&request, 1, LONG).await.unwrap(), Wake::Retry);
        // The server sees that the connection is gone some seconds later.
        let cut = Instant::now();
        for _ in 0..2 {
            let error = store.attempt(&request, LONG).await.unwrap_err();
            assert_eq!(error.to_string(), "the server did not answer", "not that it never heard");
        }
        proxy.heal();
        let attempt = store.attempt(&request, LONG).await.unwrap();
        assert!(matches!(attempt, Attempt::Queued { .. }), "{attempt:?}");
        tokio::task::spawn_blocking(move || until_waiting(name, 1)).await.unwrap();
        assert!(cut.elapsed() < Duration::from_secs(3), "the server has tidied up");
        store.release(&request).await.unwrap();
    });
    assert_eq!(held.release().unwrap(), Released::InTime);
    assert!(job(&SERVER.url(), name, LONG).try_lock().unwrap().is_some());
}
