//! Redis and its faults: a real server, killed, stopped, cut off, restarted empty.

#![cfg(feature = "redis")]

use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, ErrorKind, Lease as _, Lock, Loss, Released};
use lockset_remote::{Locks, RemoteLock, redis::Redis};
use testbed::{Proxy, Redis as Server};

fn server() -> Server {
    Server::start().unwrap_or_else(|error| panic!("{error}"))
}

fn lock(url: &str, ttl: Duration) -> RemoteLock {
    let locks = Locks::new(Redis::new(url).unwrap());
    locks.lock("job").unwrap().with_ttl(ttl).unwrap()
}

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);

#[test]
fn an_unreachable_server_is_an_error_at_once() {
    let mut server = server();
    let url = server.url();
    server.kill().unwrap();
    let error = lock(&url, LONG).lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}

/// The renewals of a server that has stopped get no answer; the lease is lost by the local clock,
/// before the server, when it goes on, can give it away.
#[test]
fn a_stopped_server_costs_the_lease_and_a_wait_ends_at_its_deadline() {
    let server = server();
    let lock = lock(&server.url(), SHORT);
    let lease = lock.lock().unwrap();
    server.pause().unwrap();
    assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
    let deadline = Instant::now() + Duration::from_millis(50);
    assert!(lock.lock_until(Deadline::at(deadline)).unwrap().is_none());
    assert!(Instant::now() >= deadline);
    server.resume().unwrap();
    assert_eq!(lease.release().unwrap(), Released::AlreadyLost(Loss::Expired));
    // The attempt that was in flight when its caller gave up is undone, so the lock is free.
    assert!(lock.lock_until(Deadline::after(LONG)).unwrap().is_some());
}

#[test]
fn a_connection_that_is_cut_does_not_cost_the_lease() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lock = lock(&format!("redis://{}", proxy.addr()), Duration::from_secs(1));
    let lease = lock.lock().unwrap();
    proxy.cut();
    let later = Deadline::after(Duration::from_secs(3));
    assert_eq!(lease.lost().wait(later), None, "lost by one cut connection");
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

#[test]
fn a_partition_longer_than_the_ttl_is_a_loss_and_the_next_holder_is_safe() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let cut_off = lock(&format!("redis://{}", proxy.addr()), SHORT);
    let healthy = lock(&server.url(), LONG);
    let stale = cut_off.lock().unwrap();
    proxy.sever();
    let next = healthy.lock().unwrap();
    assert!(stale.lost().is_lost(), "the server gave the lock away before the loss was told");
    assert!(next.fence() > stale.fence());
    proxy.heal();
    assert_eq!(stale.release().unwrap(), Released::AlreadyLost(Loss::Expired));
    assert!(healthy.try_lock().unwrap().is_none(), "the stale release freed the successor's lock");
    assert_eq!(next.release().unwrap(), Released::InTime);
}

#[test]
fn a_server_that_restarts_empty_revokes_the_lease_and_its_fences_rise() {
    let mut server = server();
    let lock = lock(&server.url(), Duration::from_secs(3));
    let several = Locks::new(Redis::new(&server.url()).unwrap());
    let several = several.lock_all(&["one", "other"]).unwrap();
    let before_all = several.lock().unwrap().fence();
    let before = lock.lock().unwrap();
    server.restart().unwrap();
    assert!(several.lock().unwrap().fence() > before_all);
    assert_eq!(before.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Revoked)));
    let after = lock.lock().unwrap();
    assert!(after.fence() > before.fence());
    assert_eq!(after.release().unwrap(), Released::InTime);
}

#[test]
fn a_name_that_would_split_the_keys_is_refused() {
    let locks = Locks::new(Redis::new("redis://127.0.0.1:1").unwrap());
    assert_eq!(locks.lock("}x").unwrap_err().kind(), ErrorKind::InvalidName);
    assert_eq!(Redis::new("http://127.0.0.1").unwrap_err().kind(), ErrorKind::Config);
}

/// A router forgets a connection: it stays open, and nothing comes through any more.
#[test]
fn a_connection_that_goes_silent_is_replaced_and_does_not_cost_the_lease() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lock = lock(&format!("redis://{}", proxy.addr()), Duration::from_secs(3));
    let lease = lock.lock().unwrap();
    proxy.silence();
    let later = Deadline::after(Duration::from_secs(5));
    assert_eq!(lease.lost().wait(later), None, "lost by one silent connection");
    assert_eq!(lease.release().unwrap(), Released::InTime);
    assert!(lock.lock().is_ok());
}

#[test]
fn a_connection_that_broke_while_idle_is_replaced_unnoticed() {
    let mut server = server();
    let lock = lock(&server.url(), LONG);
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    server.restart().unwrap();
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
}

#[test]
fn a_release_that_gets_no_answer_is_no_answer() {
    let server = server();
    let lock = lock(&server.url(), LONG);
    let lease = lock.lock().unwrap();
    server.pause().unwrap();
    assert_eq!(lease.release().unwrap_err().kind(), ErrorKind::Unknown);
    server.resume().unwrap();
    // It is told to the server as soon as that answers again.
    assert!(lock.lock_until(Deadline::after(LONG / 2)).unwrap().is_some());
}

#[test]
fn whoever_answers_and_refuses_has_been_reached() {
    let server = server();
    let mut admin = admin(&server);
    let refused = |url: &str, part: &str| {
        let error = lock(url, LONG).lock().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
        assert!(format!("{error:?}").contains(part), "{error:?}");
    };
    let set = |admin: &mut redis::Connection, words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).exec(admin).unwrap();
    };
    // Somebody else's keys where the lease would be.
    set(&mut admin, &["SET", "lockset:{job}", "a string"]);
    refused(&server.url(), "WRONGTYPE");
    set(&mut admin, &["DEL", "lockset:{job}"]);
    set(&mut admin, &["HSET", "lockset:{job}", "field", "no record of a holder"]);
    refused(&server.url(), "refused");
    set(&mut admin, &["DEL", "lockset:{job}"]);
    set(&mut admin, &["CONFIG", "SET", "requirepass", "hunter2"]);
    refused(&server.url(), "NOAUTH");
    refused(&format!("redis://:wrong@{}", server.addr()), "refused");
}

/// A client that looks at the keys themselves.
fn admin(server: &Server) -> redis::Connection {
    redis::Client::open(server.url()).unwrap().get_connection().unwrap()
}

#[test]
fn all_keys_of_a_lock_expire_and_a_fence_rises_though_the_clock_was_set_back() {
    let server = server();
    let mut admin = admin(&server);
    let lock = lock(&server.url(), LONG);
    let lease = lock.lock().unwrap();
    let waiting = lock.acquire(Deadline::after(LONG));
    let names = ["lockset:{job}", "lockset:{job}:queue", "lockset:{job}:waiters"];
    testbed::eventually("the second one waits", || keys(&mut admin) == names);
    for key in names {
        let left: i64 = redis::cmd("PTTL").arg(key).query(&mut admin).unwrap();
        assert!(left > 0, "{key} stays for ever");
    }
    drop(waiting);
    testbed::eventually("the queue is gone", || keys(&mut admin) == names[..1]);
    let _ = lease.release().unwrap();
    // As if the last grant had been a century from now.
    let ahead = 4_900_000_000_000_000_u64;
    redis::cmd("HSET").arg("lockset:{job}").arg("fence").arg(ahead).exec(&mut admin).unwrap();
    assert_eq!(lock.lock().unwrap().fence().value(), ahead + 1);
}

/// Somebody's script runs and runs: the server answers nobody, and that passes.
#[test]
fn a_server_that_is_busy_with_a_script_is_unavailable_for_now() {
    let server = server();
    let lock = lock(&server.url(), LONG);
    drop(lock.lock().unwrap());
    let mut admin = admin(&server);
    let threshold = ["SET", "busy-reply-threshold", "5"];
    redis::cmd("CONFIG").arg(&threshold).exec(&mut admin).unwrap();
    let url = server.url();
    let busy = std::thread::spawn(move || {
        let mut other = redis::Client::open(url).unwrap().get_connection().unwrap();
        redis::cmd("EVAL").arg("while true do end").arg(0).exec(&mut other)
    });
    let is_busy = || redis::cmd("PING").exec(&mut admin).is_err();
    testbed::eventually("the server is busy", is_busy);
    assert_eq!(lock.try_lock().unwrap_err().kind(), ErrorKind::Unavailable);
    redis::cmd("SCRIPT").arg("KILL").exec(&mut admin).unwrap();
    assert!(busy.join().unwrap().is_err());
    assert!(lock.lock_until(Deadline::after(LONG)).unwrap().is_some());
}

/// Its scripts can be forgotten by a server at any time, and by one that restarts they are.
#[test]
fn scripts_that_the_server_has_forgotten_are_loaded_again() {
    let server = server();
    let lock = lock(&server.url(), LONG);
    let lease = lock.lock().unwrap();
    let mut admin = admin(&server);
    let mut forget = || redis::cmd("SCRIPT").arg("FLUSH").exec(&mut admin).unwrap();
    forget();
    lease.renew().unwrap();
    forget();
    assert_eq!(lease.release().unwrap(), Released::InTime);
    forget();
    assert!(lock.lock().is_ok());
}

fn keys(admin: &mut redis::Connection) -> Vec<String> {
    let mut keys: Vec<String> = redis::cmd("KEYS").arg("lockset:*").query(admin).unwrap();
    keys.sort();
    keys
}
