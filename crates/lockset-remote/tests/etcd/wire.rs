//! What goes over the wire, as the server counts it: messages from clients, and transactions.

use std::time::Duration;

use lockset_api::{Deadline, Lease as _, Lock, Permits, Released, SharedLock, block_on};
use lockset_remote::Renewal;
use testbed::Etcd as Server;

use crate::support::{LONG, job, locks, server, until_waiting};

/// How many messages the server has had by these methods; by all, if there are none.
fn messages(server: &Server, methods: &[&str]) -> u64 {
    let metrics = server.metrics().unwrap();
    let received =
        metrics.lines().filter(|line| line.starts_with("grpc_server_msg_received_total"));
    let meant = |line: &&str| {
        methods.is_empty()
            || methods.iter().any(|name| line.contains(&format!("grpc_method=\"{name}\"")))
    };
    let counts = received.filter(meant).filter_map(|line| line.rsplit_once(' '));
    counts.map(|(_, count)| count.parse::<f64>().unwrap() as u64).sum()
}

#[test]
fn an_acquire_is_one_transaction_and_a_keep_alive_and_a_release_is_one_transaction() {
    let server = server();
    let locks = locks(&server.url());
    let warm = |name: &str| {
        let lock = locks.lock(name).unwrap();
        for _ in 0..3 {
            assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
        }
        lock
    };
    let lock = warm("job");
    for _ in 0..5 {
        let before = messages(&server, &[]);
        let lease = lock.lock().unwrap();
        let acquired = messages(&server, &[]);
        assert_eq!(acquired - before, 2, "a transaction and a keep-alive");
        assert_eq!(lease.release().unwrap(), Released::InTime);
        assert_eq!(messages(&server, &[]) - acquired, 1, "a transaction");
    }
    let (rw, permits) = (locks.rw_lock("book").unwrap(), locks.semaphore("pool", 3).unwrap());
    let before = messages(&server, &["Txn"]);
    let held = (rw.read().unwrap(), rw.read().unwrap(), permits.acquire(2).unwrap());
    assert_eq!(messages(&server, &["Txn"]) - before, 3);
    drop(held);
}

/// The TTLs are long, so that only the waiting itself could send anything.
#[test]
fn a_waiter_costs_nothing_while_it_waits() {
    let server = server();
    let locks = locks(&server.url());
    let lock = locks.lock("job").unwrap().with_ttl(LONG).unwrap();
    let held = lock.lock().unwrap();
    let waiters: Vec<_> = (0..8).map(|_| lock.acquire(Deadline::NEVER)).collect();
    until_waiting(&locks, 8);
    // They stand in line before they have begun to watch.
    let mut before = messages(&server, &[]);
    testbed::eventually("nobody has anything more to ask", || {
        let now = messages(&server, &[]);
        core::mem::replace(&mut before, now) == now
    });
    // The time that is looked at, not one that anything needs.
    assert_eq!(held.lost().wait(Deadline::after(Duration::from_secs(3))), None);
    assert_eq!(messages(&server, &[]) - before, 0);
    drop(waiters);
}

#[test]
fn sixteen_waiters_are_drained_in_their_order_by_a_few_messages_each() {
    const WAITERS: usize = 16;
    let server = server();
    let locks = locks(&server.url());
    let held = job(&server.url(), LONG).lock().unwrap();
    let mut waiters = Vec::new();
    for place in 1..=WAITERS {
        // A process each, as far as the server can tell.
        let other = job(&server.url(), LONG).with_renewal(Renewal::Never);
        waiters.push(other.acquire(Deadline::NEVER));
        until_waiting(&locks, place);
    }
    let mut before = messages(&server, &[]);
    testbed::eventually("nobody has anything more to ask", || {
        let now = messages(&server, &[]);
        core::mem::replace(&mut before, now) == now
    });
    let mut fence = held.fence();
    assert_eq!(held.release().unwrap(), Released::InTime);
    for waiter in waiters {
        // In their order, or this one would wait for ever.
        let lease = block_on(waiter).unwrap().unwrap();
        assert!(lease.fence() > fence);
        fence = lease.fence();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
    // Its release, and for each a look at the line before its turn.
    let sent = messages(&server, &[]) - before;
    assert!(sent <= 2 * WAITERS as u64 + 1, "{sent}");
}
