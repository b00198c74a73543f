//! Waiters: their line, and what is left of those that go.

use std::fs;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Lock, Released, block_on};
use testbed::{Proxy, eventually};
use tokio_postgres::NoTls;

use super::{LONG, SOON, Server, at, client, granted_and_awaited, job, locks, runtime, server};

#[test]
fn a_dropped_wait_is_cancelled_on_the_server() {
    let server = server();
    let lease = job(&server.url(), LONG).lock().unwrap();
    let other = job(&server.url(), LONG);
    for _ in 0..10 {
        let waiting = other.acquire(Deadline::NEVER);
        eventually("it waits", || granted_and_awaited(&server) == (1, 1));
        drop(waiting);
        eventually("nothing waits", || granted_and_awaited(&server) == (1, 0));
    }
    assert_eq!(lease.release().unwrap(), Released::InTime);
    eventually("nothing is left", || granted_and_awaited(&server) == (0, 0));
}

/// The order to end its statement came late, and ended the next one's.
#[test]
fn a_session_whose_wait_was_cancelled_serves_nobody_else() {
    let server = server();
    let lease = job(&server.url(), LONG).lock().unwrap();
    let other = job(&server.url(), LONG);
    for _ in 0..3 {
        let waiting = other.acquire(Deadline::NEVER);
        eventually("it waits", || granted_and_awaited(&server) == (1, 1));
        let process = &server.query(AWAITING).unwrap()[0][0];
        drop(waiting);
        let ended = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {process}");
        eventually("its session has ended", || server.query(&ended).unwrap() == [["0"]]);
    }
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// The process that waits, and since when.
const AWAITING: &str = "SELECT pid::text, waitstart::text FROM pg_locks
    WHERE locktype = 'advisory' AND NOT granted";

/// How often the server has said this to somebody who came.
fn said(server: &Server, what: &str) -> usize {
    fs::read_to_string(server.dir().join("log")).unwrap().matches(what).count()
}

/// Longer than it takes to look again after a look that was in vain.
const LOOKS: Duration = Duration::from_secs(5);

/// Its look failed for want of a session, and it went to the end of the line.
#[test]
fn a_waiter_keeps_its_place_while_no_session_is_to_be_had() {
    let server = Server::start_with(&["max_connections=10"]).unwrap();
    let lease = job(&server.url(), LONG).lock().unwrap();
    let waiting = job(&server.url(), LONG).acquire(Deadline::NEVER);
    eventually("it waits", || granted_and_awaited(&server) == (1, 1));
    runtime().block_on(async {
        let client = client(&server.url()).await;
        let mut others = Vec::new();
        while let Ok((other, wire)) = tokio_postgres::connect(&server.url(), NoTls).await {
            tokio::spawn(wire);
            others.push(other);
        }
        let awaiting = async || {
            let row = client.query_one(AWAITING, &[]).await.unwrap();
            (row.get::<_, String>(0), row.get::<_, String>(1))
        };
        let before = awaiting().await;
        let full = "too many clients already";
        let refused = said(&server, full);
        assert!(refused > 0);
        eventually("the waiter has looked", || said(&server, full) > refused);
        assert_eq!(lease.lost().wait(Deadline::after(LOOKS)), None);
        assert_eq!(awaiting().await, before, "it has lost its place");
        assert_eq!(lease.release_async().await.unwrap(), Released::InTime);
        let next = waiting.await.unwrap().unwrap();
        assert_eq!(next.release_async().await.unwrap(), Released::InTime);
        drop(others);
    });
}

#[test]
fn a_waiter_keeps_its_place_when_one_look_fails() {
    let server = server();
    server.query("CREATE ROLE worker LOGIN SUPERUSER").unwrap();
    let lease = job(&server.url(), LONG).lock().unwrap();
    let url = server.url().replace("postgres@", "worker@");
    let waiting = job(&url, LONG).acquire(Deadline::NEVER);
    eventually("it waits", || granted_and_awaited(&server) == (1, 1));
    let before = server.query(AWAITING).unwrap();
    server.query("ALTER ROLE worker NOLOGIN").unwrap();
    eventually("a look fails", || said(&server, "is not permitted to log in") > 0);
    server.query("ALTER ROLE worker LOGIN").unwrap();
    assert_eq!(lease.lost().wait(Deadline::after(LOOKS)), None);
    assert_eq!(server.query(AWAITING).unwrap(), before, "it has lost its place");
    assert_eq!(lease.release().unwrap(), Released::InTime);
    assert!(block_on(waiting).unwrap().is_some());
}

/// Nobody can cancel it: its backend has to notice by itself, in the middle of its wait.
#[test]
fn a_waiter_that_has_died_is_noticed_while_its_backend_waits() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lease = job(&server.url(), LONG).lock().unwrap();
    let waiting = job(&at(proxy.addr()), LONG).acquire(Deadline::NEVER);
    eventually("it waits", || granted_and_awaited(&server) == (1, 1));
    let since = Instant::now();
    proxy.sever();
    eventually("nothing waits", || granted_and_awaited(&server) == (1, 0));
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    drop(waiting);
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

#[test]
fn a_lease_that_was_waited_for_for_long_lasts_for_its_whole_time() {
    const TTL: Duration = Duration::from_secs(4);
    let server = server();
    let first = job(&server.url(), LONG).lock().unwrap();
    let other = job(&server.url(), TTL);
    let waiting = other.acquire(Deadline::NEVER);
    eventually("it waits", || granted_and_awaited(&server) == (1, 1));
    // Less than the TTL, or the grant would be asked for anew.
    assert_eq!(first.lost().wait(Deadline::after(TTL / 2)), None);
    assert_eq!(first.release().unwrap(), Released::InTime);
    let second = block_on(waiting).unwrap().unwrap();
    assert!(second.remaining() > TTL / 4 * 3, "{:?} is left", second.remaining());
    // It is renewed on the server, too.
    assert_eq!(second.lost().wait(Deadline::after(TTL * 2)), None);
    assert_eq!(second.release().unwrap(), Released::InTime);
}

#[test]
fn who_holds_and_who_waits_is_told_with_their_notes() {
    let server = server();
    let locks = locks(&server.url());
    let lock = |note: &str| locks.lock("job").unwrap().with_note(note);
    let lease = lock("the nightly run, of Zoë").lock().unwrap();
    let waiting = ["one", "two", "three"].map(|note| {
        let waiting = lock(note).acquire(Deadline::NEVER);
        let waits = || locks.inspect("job").unwrap().waiters;
        let notes = |note: &str| waits().iter().any(|waiter| waiter.holder == note);
        eventually("it waits", || notes(note));
        waiting
    });
    let status = locks.inspect("job").unwrap();
    assert_eq!(status.fence, Some(lease.fence()));
    let [holder] = &status.holders[..] else { panic!("{status:?}") };
    assert_eq!(holder.note.as_deref(), Some("the nightly run, of Zoë"));
    assert!(holder.holder.contains(&format!("(pid {})", std::process::id())), "{holder:?}");
    assert!(holder.remaining > Duration::ZERO && holder.since < SOON, "{holder:?}");
    let order: Vec<_> = status.waiters.iter().map(|waiter| &*waiter.holder).collect();
    assert_eq!(order, ["one", "two", "three"]);
    drop((waiting, lease));
}

/// The key is documented, so that others can take the same lock.
#[test]
fn whoever_takes_the_documented_key_takes_the_lock() {
    let server = server();
    let text = include_str!("../../src/postgres/key.rs");
    let sql = text.lines().find_map(|line| line.strip_prefix("/// SELECT ")).unwrap();
    let key = server.query(&format!("SELECT {}", sql.replace("NAME", "jöb"))).unwrap();
    runtime().block_on(async {
        let client = client(&server.url()).await;
        client.batch_execute("SET application_name = 'by hand'").await.unwrap();
        client.batch_execute(&format!("SELECT pg_advisory_lock({})", key[0][0])).await.unwrap();
        let lock = locks(&server.url()).lock("jöb").unwrap();
        let waiting = lock.acquire(Deadline::after(Duration::from_millis(200)));
        assert!(waiting.await.unwrap().is_none());
        let status = locks(&server.url()).inspect_async("jöb").await.unwrap();
        assert!(status.holders[0].holder.starts_with("by hand (server process "), "{status:?}");
        client.batch_execute("SELECT pg_advisory_unlock_all()").await.unwrap();
        assert!(lock.acquire(Deadline::after(SOON)).await.unwrap().is_some());
    });
}
