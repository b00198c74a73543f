//! The line in front of a Redis lock: who is served, in which order, and who is not.

#![cfg(feature = "redis")]

use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Permits, Released, SharedLock, block_on};
use lockset_remote::{Acquire, Locks, Party, RemoteLease, Renewal, redis::Redis};
use testbed::{Proxy, Redis as Server};

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

const LONG: Duration = Duration::from_secs(60);

/// Starts to wait, and returns once that stands in line behind `before` others.
fn in_line(locks: &Locks, name: &str, before: usize, wait: impl FnOnce() -> Acquire) -> Acquire {
    let waiting = wait();
    testbed::eventually("it stands in line", || waiters(locks, name) == before + 1);
    waiting
}

fn waiters(locks: &Locks, name: &str) -> usize {
    locks.inspect(name).unwrap().waiters.len()
}

fn granted(waiting: Acquire) -> RemoteLease {
    block_on(waiting).unwrap().expect("granted")
}

fn release(lease: RemoteLease) {
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

#[test]
fn a_writer_that_waits_keeps_later_readers_out_and_lets_earlier_ones_finish() {
    let server = server();
    let locks = locks(&server);
    let book = locks.rw_lock("book").unwrap();
    let (one, other) = (book.read().unwrap(), book.read().unwrap());
    let writer = in_line(&locks, "book", 0, || book.acquire(Deadline::NEVER));
    assert!(book.try_read().unwrap().is_none(), "a reader passed a writer that waits");
    let reader = in_line(&locks, "book", 1, || book.acquire_shared(Deadline::NEVER));
    let another = in_line(&locks, "book", 2, || book.acquire_shared(Deadline::NEVER));
    release(one);
    assert_eq!(waiters(&locks, "book"), 3, "a reader is still inside");
    release(other);
    let written = granted(writer);
    assert_eq!(waiters(&locks, "book"), 2);
    release(written);
    // Both are let in together.
    let (reader, another) = (granted(reader), granted(another));
    assert!(reader.fence() < another.fence());
    assert_eq!(locks.inspect("book").unwrap().holders.len(), 2);
}

#[test]
fn permits_are_served_in_order_and_a_large_request_is_not_passed() {
    let server = server();
    let locks = locks(&server);
    let pool = locks.semaphore("pool", 3).unwrap();
    let held = pool.acquire(2).unwrap();
    let large = in_line(&locks, "pool", 0, || pool.acquire_by(3, Deadline::NEVER).unwrap());
    assert!(pool.try_acquire(1).unwrap().is_none(), "a small request passed a large one");
    let small = in_line(&locks, "pool", 1, || pool.acquire_by(1, Deadline::NEVER).unwrap());
    release(held);
    release(granted(large));
    release(granted(small));
    assert_eq!(pool.acquire(4).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(pool.acquire(0).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(locks.semaphore("pool", 0).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn several_names_are_granted_together_or_not_at_all() {
    let server = server();
    let locks = locks(&server);
    let [a, b] = ["a", "b"].map(|name| locks.lock(name).unwrap());
    let both = locks.lock_all(&["a", "b"]).unwrap();
    let reversed = locks.lock_all(&["b", "a"]).unwrap();

    let held = b.lock().unwrap();
    assert!(both.try_lock().unwrap().is_none());
    release(a.try_lock().unwrap().expect("what could not be had together was left alone"));

    // Both orders wait, and neither is in the other's way.
    let first = in_line(&locks, "a", 0, || both.acquire(Deadline::NEVER));
    let second = in_line(&locks, "a", 1, || reversed.acquire(Deadline::NEVER));
    let third = in_line(&locks, "b", 2, || b.acquire(Deadline::NEVER));
    assert!(a.try_lock().unwrap().is_none(), "it is free, and was taken before those in line");
    let before = held.fence();
    release(held);
    let first = granted(first);
    assert!(first.fence() > before);
    assert!(a.try_lock().unwrap().is_none() && b.try_lock().unwrap().is_none());
    release(first);
    release(granted(second));
    release(granted(third));
    release(a.lock().unwrap());

    assert_eq!(locks.lock_all(&[]).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(locks.lock_all(&["a", "a"]).unwrap_err().kind(), ErrorKind::Config);
}

/// A request for several names has its turn when it is first in line for each of them.
#[test]
fn several_names_are_not_granted_before_those_who_came_first_for_one_of_them() {
    let server = server();
    let locks = locks(&server);
    let [a, c] = ["a", "c"].map(|name| locks.lock(name).unwrap());
    let (held_a, held_c) = (a.lock().unwrap(), c.lock().unwrap());
    let [bc, ab] = [["b", "c"], ["a", "b"]].map(|names| locks.lock_all(&names).unwrap());
    let first = in_line(&locks, "b", 0, || bc.acquire(Deadline::NEVER));
    let second = in_line(&locks, "b", 1, || ab.acquire(Deadline::NEVER));
    release(held_a);
    // Both of its names are free, but for one of them another came first.
    assert_eq!((waiters(&locks, "a"), waiters(&locks, "b")), (1, 2));
    release(held_c);
    release(granted(first));
    release(granted(second));
}

/// Whoever gives up leaves the line, and those behind it move up.
#[test]
fn a_waiter_that_gives_up_is_passed() {
    let server = server();
    let locks = locks(&server);
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    let timed = in_line(&locks, "job", 0, || lock.acquire(Deadline::after(LONG)));
    let next = in_line(&locks, "job", 1, || lock.acquire(Deadline::NEVER));
    drop(timed);
    testbed::eventually("the line is shorter", || waiters(&locks, "job") == 1);
    let brief = Deadline::after(Duration::from_millis(30));
    assert!(lock.lock_until(brief).unwrap().is_none());
    testbed::eventually("and stays so", || waiters(&locks, "job") == 1);
    release(held);
    release(granted(next));
}

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

/// A script's time must not grow with the square of those who are let in together.
#[test]
fn many_readers_are_let_in_together() {
    const READERS: usize = 1000;
    let server = server();
    let locks = locks(&server);
    let book = locks.rw_lock("book").unwrap();
    let writer = book.lock().unwrap();
    let readers: Vec<_> = (0..READERS).map(|_| book.acquire_shared(Deadline::NEVER)).collect();
    testbed::eventually("all wait", || waiters(&locks, "book") == READERS);
    release(writer);
    let leases: Vec<_> = readers.into_iter().map(granted).collect();
    assert_eq!(leases.len(), READERS);
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

#[test]
fn inspect_tells_who_holds_and_who_waits() {
    let server = server();
    let locks = locks(&server);
    let lock = locks.lock("job").unwrap().with_note("nightly run");
    assert_eq!(locks.inspect("job").unwrap().holders, []);
    let held = lock.lock().unwrap();
    let waiting = in_line(&locks, "job", 0, || lock.acquire(Deadline::after(LONG)));
    let status = locks.inspect("job").unwrap();
    assert_eq!(status.fence, Some(held.fence()));
    let ([holder], [waiter]) = (&status.holders[..], &status.waiters[..]) else {
        panic!("{status:?}")
    };
    assert_ne!(holder.id, waiter.id);
    for party in [holder, waiter] {
        let me = format!("(pid {})", std::process::id());
        assert!(party.holder.contains(&me), "{party:?}");
        assert_eq!(party.note.as_deref(), Some("nightly run"));
        assert!(party.since < LONG && party.remaining <= LONG, "{party:?}");
        assert!(party.remaining > Duration::ZERO, "{party:?}");
    }
    drop(waiting);
    testbed::eventually("it has left the line", || waiters(&locks, "job") == 0);
    release(held);
    let pool = locks.semaphore("pool", 3).unwrap();
    let two = pool.acquire(2).unwrap();
    assert_eq!(locks.inspect("pool").unwrap().holders[0].weight, 2);
    release(two);
    let after = locks.inspect("job").unwrap();
    assert_eq!((after.holders, after.fence), (vec![], status.fence));
}
