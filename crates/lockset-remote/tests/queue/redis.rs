//! The line in front of a lock that Redis keeps.

use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, Lease as _, Lock};
use lockset_remote::{Locks, Party, Renewal, redis::Redis};
use testbed::{Proxy, Redis as Server};

use crate::rules::{self, LONG, granted, in_line, release, waiters};

fn server() -> Server {
    Server::start().unwrap_or_else(|error| panic!("{error}"))
}

/// A process of its own, as far as the server can tell.
fn locks(server: &Server) -> Locks {
    Locks::new(Redis::new(&server.url()).unwrap())
}

/// One whose wire can be cut.
fn behind(proxy: &Proxy) -> Locks {
    Locks::new(Redis::new(&format!("redis://{}", proxy.addr())).unwrap())
}

rules::tests!(server());

/// The connection is cut, so the server counts nobody who hears of the hand-over.
#[test]
fn a_waiter_that_is_dead_is_skipped_on_the_spot() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let far = behind(&proxy);
    let locks = locks(&server);
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    let dead =
        in_line(&locks, "job", 0, || far.lock("job").unwrap().acquire(Deadline::after(LONG)));
    let next = in_line(&locks, "job", 1, || lock.acquire(Deadline::NEVER));
    proxy.sever();
    release(held);
    // A TTL of ten seconds would have to pass if the dead one had been given it.
    let soon = Deadline::after(Duration::from_secs(5));
    let lease = granted(next);
    assert!(!soon.has_passed(), "the dead one had its turn first");
    drop(dead);
    release(lease);
}

/// A push that was on its way for long may be of a lease that is over.
#[test]
fn news_that_is_older_than_the_last_answer_is_not_believed() {
    let server = server();
    let locks = locks(&server);
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    let waiting = in_line(&locks, "job", 0, || lock.acquire(Deadline::after(LONG)));
    let mut admin = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let id = locks.inspect("job").unwrap().waiters[0].id.to_string();
    let waiter: String =
        redis::cmd("HGET").arg("lockset:{job}:waiters").arg(&id).query(&mut admin).unwrap();
    let channel = waiter.split('"').find(|word| word.starts_with("lockset:push:")).unwrap();
    let heard: u32 = redis::cmd("PUBLISH")
        .arg(channel)
        .arg(format!("{id} {} 1000", held.fence()))
        .query(&mut admin)
        .unwrap();
    assert_eq!(heard, 1);
    // Were it believed, it would have been granted before this is over.
    assert_eq!(held.lost().wait(Deadline::after(Duration::from_millis(200))), None);
    assert_eq!(waiters(&locks, "job"), 1);
    let before = held.fence();
    release(held);
    let lease = granted(waiting);
    assert!(lease.fence() > before, "granted by news of an earlier lease");
    release(lease);
}

/// The news of a hand-over is as old as its way, and what is left of the lease is less by that.
#[test]
fn what_is_left_of_a_lease_that_was_handed_over_counts_from_the_hand_over() {
    let server = server();
    let one_way = Duration::from_millis(200);
    let proxy = Proxy::with_delay(server.addr(), one_way).unwrap();
    let far = behind(&proxy);
    let ttl = Duration::from_secs(20);
    let far = far.lock("job").unwrap().with_ttl(ttl).unwrap().with_renewal(Renewal::Never);
    let locks = locks(&server);
    let held = locks.lock("job").unwrap().lock().unwrap();
    let waiting = in_line(&locks, "job", 0, || far.acquire(Deadline::NEVER));
    // So long that the start of the wait would be no answer.
    let long = Duration::from_secs(1);
    assert_eq!(held.lost().wait(Deadline::after(long)), None);
    release(held);
    let lease = granted(waiting);
    let drift = ttl / 100 + Duration::from_millis(2);
    let left = lease.remaining();
    assert!(left <= ttl - one_way - drift, "{left:?} left of {ttl:?} after {one_way:?} of way");
    assert!(left > ttl - one_way * 3 - drift, "{left:?} left: it counts from the wait's start");
}

/// The news was lost with the connection, so the waiter asks again for what it has had for a while.
#[test]
fn whoever_asks_again_for_what_it_has_does_not_believe_to_have_it_for_longer() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let far = behind(&proxy);
    let far = far.lock("job").unwrap().with_ttl(LONG).unwrap().with_renewal(Renewal::Never);
    let locks = locks(&server);
    let held = locks.lock("job").unwrap().lock().unwrap();
    let waiting = in_line(&locks, "job", 0, || far.acquire(Deadline::NEVER));
    let left = || locks.inspect("job").unwrap().holders[0].remaining;
    // Open as far as the server can tell, so it hands over to it.
    proxy.silence();
    release(held);
    testbed::eventually("a while has passed", || left() < LONG - Duration::from_secs(2));
    proxy.cut();
    let lease = granted(waiting);
    let (here, there) = (lease.remaining(), left());
    assert!(here <= there, "{here:?} left as the holder has it, and {there:?} on the server");
}

/// Nobody hands over for a holder that died, so the first in line looks when its time is over.
#[test]
fn a_dead_holder_is_followed_when_its_time_is_over() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let far = behind(&proxy);
    let far = far.lock("job").unwrap().with_ttl(Duration::from_millis(500)).unwrap();
    let locks = locks(&server);
    let lock = locks.lock("job").unwrap();
    let dead = far.lock().unwrap();
    let waiting = in_line(&locks, "job", 0, || lock.acquire(Deadline::NEVER));
    proxy.sever();
    let lease = granted(waiting);
    assert!(dead.lost().is_lost(), "the server gave the lock away before the loss was told");
    assert!(lease.fence() > dead.fence());
}

/// A connection that breaks costs a waiter its push, and nothing else.
#[test]
fn a_waiter_connects_anew_and_keeps_its_place() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let far = behind(&proxy);
    let locks = locks(&server);
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    let first = in_line(&locks, "job", 0, || far.lock("job").unwrap().acquire(Deadline::NEVER));
    let second = in_line(&locks, "job", 1, || lock.acquire(Deadline::NEVER));
    let place = || locks.inspect("job").unwrap().waiters[0].clone();
    let before = place();
    // From its arrival to the end of its patience: longer each time it is heard of.
    let reach = |party: &Party| party.since + party.remaining;
    proxy.cut();
    testbed::eventually("it was heard of again", || reach(&place()) > reach(&before));
    assert_eq!(place().id, before.id, "it has lost its place");
    release(held);
    release(granted(first));
    release(granted(second));
}

/// The server restarts empty while some wait: they stand in line anew, in whatever order they come.
#[test]
fn those_who_wait_survive_a_restart_of_the_server() {
    let mut server = server();
    let locks = locks(&server);
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    let waiting: Vec<_> = (0..4)
        .map(|place| in_line(&locks, "job", place, || lock.acquire(Deadline::NEVER)))
        .collect();
    server.restart().unwrap();
    // The holder has lost it with the server's memory, so one of them has it by now.
    thread::scope(|scope| {
        for waiting in waiting {
            scope.spawn(|| release(granted(waiting)));
        }
    });
    assert!(held.release().is_ok());
}
