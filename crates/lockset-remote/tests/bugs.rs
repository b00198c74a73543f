//! Bugs that lock libraries have shipped, each by what it does to its users. Which library it was
//! is told in the book's chapter "The bug museum".

#![cfg(feature = "redis")]

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{
    AsyncLock, Deadline, End, ErrorKind, Lease as _, Lock, Loss, Released, SharedLock, block_on,
};
use lockset_remote::{Locks, RemoteLock, Renewal, redis::Redis};
use testbed::{Proxy, Redis as Server};

fn server() -> Server {
    Server::start().unwrap_or_else(|error| panic!("{error}"))
}

fn locks(url: &str) -> Locks {
    Locks::new(Redis::new(url).unwrap())
}

fn job(url: &str, ttl: Duration) -> RemoteLock {
    locks(url).lock("job").unwrap().with_ttl(ttl).unwrap()
}

fn behind(proxy: &Proxy) -> String {
    format!("redis://{}", proxy.addr())
}

const LONG: Duration = Duration::from_secs(60);
const BRIEF: Duration = Duration::from_millis(300);

/// "timed out after 5 s", said after a tenth of a millisecond.
#[test]
fn a_timeout_that_does_not_wait() {
    let server = server();
    let lock = job(&server.url(), LONG);
    let held = lock.lock().unwrap();
    let deadline = Instant::now() + BRIEF;
    assert!(lock.lock_until(Deadline::at(deadline)).unwrap().is_none());
    assert!(Instant::now() >= deadline);
    assert_eq!(held.release().unwrap(), Released::InTime);
}

#[test]
fn a_drop_that_does_not_release() {
    let server = server();
    let lock = job(&server.url(), LONG);
    drop(lock.lock().unwrap());
    // Also from a runtime that ends right after it.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { drop(lock.lock_async().await.unwrap()) });
    drop(runtime);
    let soon = Deadline::after(LONG / 4);
    assert!(lock.lock_until(soon).unwrap().is_some(), "still taken, and would be for a minute");
}

/// The lock's id was the object's, so releasing a lapsed lease deleted the successor's.
#[test]
fn a_stale_release_that_deletes_the_successor() {
    let server = server();
    let lock = job(&server.url(), BRIEF).with_renewal(Renewal::Never);
    let stale = lock.lock().unwrap();
    // The same object takes it once more, when the first lease has run out.
    let next = lock.clone().with_ttl(LONG).unwrap().lock().unwrap();
    assert_eq!(stale.release().unwrap(), Released::AlreadyLost(Loss::Expired));
    assert!(lock.try_lock().unwrap().is_none(), "the stale release freed it");
    assert_eq!(next.release().unwrap(), Released::InTime);
}

#[test]
fn a_failed_extend_that_deletes_the_lock() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lease = job(&behind(&proxy), Duration::from_secs(3)).lock().unwrap();
    let ends = || locks(&server.url()).inspect("job").unwrap().holders[0].remaining;
    proxy.sever();
    let kind = lease.renew().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Unknown), "{kind:?}");
    assert!(ends() > Duration::ZERO, "the lock is gone");
    proxy.heal();
    lease.renew().unwrap();
    assert_eq!(lease.lost().wait(Deadline::after(Duration::from_millis(1))), None);
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// Cancelled while the request is under way, at a thousand different moments of it.
#[test]
fn an_orphan_of_a_cancel_in_flight() {
    let server = server();
    let url = server.url();
    let cancelled = AtomicU32::new(0);
    thread::scope(|scope| {
        for part in 0..4 {
            let (url, cancelled) = (&url, &cancelled);
            scope.spawn(move || {
                let locks = locks(url);
                for i in 0..250 {
                    let lock = locks.lock(&format!("{part}-{i}")).unwrap();
                    let mut attempt = pin!(lock.lock_async());
                    let _ = attempt.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    // From at once to after the answer has come.
                    for _ in 0..i * 20 {
                        thread::yield_now();
                    }
                    // Relaxed: read when the threads have been joined.
                    cancelled.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(cancelled.into_inner(), 1000);
    let locks = locks(&url);
    for part in 0..4 {
        for i in 0..250 {
            let lock = locks.lock(&format!("{part}-{i}")).unwrap();
            // An orphan would keep it for ten seconds; and its undoing is under way by now.
            let soon = Deadline::after(Duration::from_secs(5));
            assert!(lock.lock_until(soon).unwrap().is_some(), "{part}-{i} is held by nobody");
        }
    }
}

/// The same where the caller's own runtime does the work.
#[test]
fn an_orphan_of_a_cancel_in_flight_on_the_callers_runtime() {
    let server = server();
    let url = server.url();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let locks = Locks::on(runtime.handle(), Redis::new(&url).unwrap());
    runtime.block_on(async {
        for i in 0..1000 {
            let lock = locks.lock(&i.to_string()).unwrap();
            let mut attempt = pin!(lock.lock_async());
            let mut context = Context::from_waker(Waker::noop());
            // From its first step to when the answer has come.
            for _ in 0..=i % 40 {
                if attempt.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        for i in 0..1000 {
            let lock = locks.lock(&i.to_string()).unwrap();
            let soon = Deadline::after(Duration::from_secs(5));
            let granted = lock.lock_until_async(soon).await.unwrap();
            assert!(granted.is_some(), "{i} is held by nobody");
        }
    });
}

/// The renewals died, or the key was taken away, and the holder was not told.
#[test]
fn a_lost_flag_that_never_fires() {
    let mut server = server();
    let lease = job(&server.url(), Duration::from_secs(1)).lock().unwrap();
    server.restart().unwrap();
    assert_eq!(lease.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Revoked)));
    let unreachable = job(&server.url(), BRIEF).lock().unwrap();
    server.kill().unwrap();
    assert_eq!(unreachable.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
}

#[test]
fn a_lost_flag_that_fires_at_once() {
    let server = server();
    let lease = job(&server.url(), LONG).lock().unwrap();
    assert!(!lease.lost().is_lost());
    let mut lost = pin!(lease.lost());
    assert!(lost.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(lease.lost().wait(Deadline::after(BRIEF)), None);
    assert_eq!(block_on(lease.run(async { 7 })), Ok(7));
}

/// One driver, and more leases than there could be threads: none is late.
#[test]
fn a_renewal_that_is_late_because_there_are_many() {
    let server = server();
    let locks = locks(&server.url());
    let ttl = Duration::from_secs(3);
    let waiting: Vec<_> = (0..2000)
        .map(|nth| {
            let lock = locks.lock(&nth.to_string()).unwrap().with_ttl(ttl).unwrap();
            lock.acquire(Deadline::NEVER)
        })
        .collect();
    let leases: Vec<_> = waiting.into_iter().map(|one| block_on(one).unwrap().unwrap()).collect();
    assert_eq!(leases[0].lost().wait(Deadline::after(ttl * 2)), None);
    assert_eq!(leases.iter().filter(|lease| lease.lost().is_lost()).count(), 0);
}

/// A process that is stuck renewed for ever.
#[test]
fn an_infinite_renewal() {
    let server = server();
    let lock = job(&server.url(), BRIEF).with_renewal(Renewal::UpTo(BRIEF * 2));
    let stuck = lock.lock().unwrap();
    let next = job(&server.url(), LONG).lock().unwrap();
    assert!(stuck.lost().is_lost());
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// Looking and taking were two commands each, so a reader and a writer both found it free.
#[test]
fn a_reader_and_a_writer_at_once() {
    // SeqCst: two counters, and nobody may be seen in both.
    const ORDER: Ordering = Ordering::SeqCst;
    let server = server();
    let (readers, writers) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for id in 0..8 {
            let (url, readers, writers) = (server.url(), &readers, &writers);
            scope.spawn(move || {
                let book = locks(&url).rw_lock("book").unwrap();
                for _ in 0..40 {
                    if id < 2 {
                        let lease = book.lock().unwrap();
                        assert_eq!(writers.fetch_add(1, ORDER), 0, "two writers");
                        assert_eq!(readers.load(ORDER), 0, "a reader inside");
                        writers.fetch_sub(1, ORDER);
                        drop(lease);
                    } else {
                        let lease = book.read().unwrap();
                        readers.fetch_add(1, ORDER);
                        assert_eq!(writers.load(ORDER), 0, "a writer inside");
                        readers.fetch_sub(1, ORDER);
                        drop(lease);
                    }
                }
            });
        }
    });
}

/// A lease whose time was over when it was handed out, by eighteen milliseconds.
#[test]
fn a_lease_that_is_over_when_it_is_granted() {
    let server = server();
    let one_way = Duration::from_millis(60);
    let proxy = Proxy::with_delay(server.addr(), one_way).unwrap();
    let lock = job(&behind(&proxy), one_way).with_renewal(Renewal::Never);
    match lock.lock() {
        Ok(lease) => panic!("granted with {:?} left", lease.remaining()),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unknown),
    }
}

/// With the server down, `acquire` went on for ever and said nothing.
#[test]
fn an_acquire_that_never_says_that_the_server_is_down() {
    let mut server = server();
    let lock = job(&server.url(), LONG);
    server.kill().unwrap();
    assert_eq!(lock.lock().unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(lock.try_lock().unwrap_err().kind(), ErrorKind::Unavailable);
}

/// A fence that was kept in the record which the release deletes started anew from one.
#[test]
fn a_fence_that_starts_anew_after_a_release() {
    let server = server();
    let lock = job(&server.url(), LONG);
    let mut before = lock.lock().unwrap().fence();
    for _ in 0..10 {
        let lease = lock.lock().unwrap();
        assert!(lease.fence() > before);
        before = lease.fence();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// Two crashed readers, kept alive by the renewals of a third, kept all writers out.
#[test]
fn a_crashed_reader_that_lives_as_long_as_any_other() {
    let server = server();
    let book = locks(&server.url()).rw_lock("book").unwrap();
    let proxy = Proxy::start(server.addr()).unwrap();
    let crashed = locks(&behind(&proxy)).rw_lock("book").unwrap().with_ttl(BRIEF).unwrap();
    let alive = book.read().unwrap();
    let dead = crashed.read().unwrap();
    proxy.sever();
    assert_eq!(dead.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
    alive.renew().unwrap();
    assert_eq!(alive.release().unwrap(), Released::InTime);
    let soon = Deadline::after(Duration::from_secs(5));
    assert!(book.lock_until(soon).unwrap().is_some(), "kept out by a reader that is dead");
}

/// What renewed a lease went on when it had been released, and renewed whatever came to stand
/// there.
#[test]
fn a_renewal_that_outlives_its_release() {
    let server = server();
    let clock = locks(&server.url()).lock("clock").unwrap().with_ttl(LONG).unwrap();
    let clock = clock.lock().unwrap();
    let lock = job(&server.url(), BRIEF);
    for part in 0..10 {
        let lease = lock.lock().unwrap();
        // About when its first renewal is due.
        let renewal = BRIEF / 3 + Duration::from_millis(part) - Duration::from_millis(5);
        assert_eq!(clock.lost().wait(Deadline::after(renewal)), None);
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
    let commands = || figure(&server, "stats", "total_commands_processed");
    let before = commands();
    assert_eq!(clock.lost().wait(Deadline::after(BRIEF * 3)), None);
    // The question itself.
    assert_eq!(commands() - before, 1);
}

/// Each waiter had a subscription of its own, and the pool of connections had none left for the
/// release that they waited for.
#[test]
fn waiters_that_use_the_connections_up() {
    let server = server();
    let locks = locks(&server.url());
    let lock = locks.lock("job").unwrap().with_ttl(LONG).unwrap();
    let held = lock.lock().unwrap();
    let waiting: Vec<_> = (0..200).map(|_| lock.acquire(Deadline::NEVER)).collect();
    testbed::eventually("all wait", || locks.inspect("job").unwrap().waiters.len() == 200);
    let clients = figure(&server, "clients", "connected_clients");
    assert!(clients <= 4, "{clients} connections");
    assert_eq!(held.release().unwrap(), Released::InTime);
    for waiter in waiting {
        let lease = block_on(waiter).unwrap().unwrap();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// The lock object had one TTL, which whoever took it last had set, also for the renewals of
/// others.
#[test]
fn a_ttl_that_is_the_locks_and_not_the_leases() {
    let server = server();
    let book = locks(&server.url()).rw_lock("book").unwrap();
    let with = |ttl| book.clone().with_ttl(ttl).unwrap().read().unwrap();
    let (long, short) = (with(LONG), with(LONG / 4));
    long.renew().unwrap();
    short.renew().unwrap();
    let mut left: Vec<_> = {
        let holders = locks(&server.url()).inspect("book").unwrap().holders;
        holders.iter().map(|holder| holder.remaining.as_secs()).collect()
    };
    left.sort_unstable();
    assert!(matches!(left[..], [10..=15, 50..=60]), "{left:?} s");
    drop((long, short));
}

/// A token made of the time and the machine's address, which another can work out: and with it
/// release a lock that is not its own.
#[test]
fn a_token_that_can_be_guessed() {
    let name = lockset_api::Name::new("job").unwrap();
    let mut seen = [0_u128, 0];
    for _ in 0..200 {
        let id = lockset_remote::Request::new(name.clone(), LONG).unwrap().id.to_string();
        let bits = u128::from_str_radix(&id, 16).unwrap();
        seen = [seen[0] | !bits, seen[1] | bits];
    }
    assert_eq!(seen, [u128::MAX; 2], "some bit is the same in all of them");
}

/// One of the figures in a section of what the server says of itself.
fn figure(server: &Server, section: &str, name: &str) -> u64 {
    let said = server.command(&["INFO", section]).unwrap();
    let figure = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    figure.unwrap().trim().parse().unwrap()
}
