//! Waiters: their line, and what is left of those that go.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease as _, Lock, Released, block_on};
use testbed::{Proxy, eventually};

use super::{LONG, SOON, at, client, granted_and_awaited, job, locks, runtime, server};

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
