//! A master that is replaced by its replica, by the word of a sentinel.

#![cfg(feature = "redis")]

use std::net::TcpListener;
use std::time::Duration;

use lockset_api::{Deadline, End, ErrorKind, Lease as _, Lock, Loss, Released, block_on};
use lockset_remote::{Locks, redis::Redis};
use testbed::{Redis as Server, RedisSentinel, eventually};

fn servers() -> RedisSentinel {
    RedisSentinel::start().unwrap_or_else(|error| panic!("{error}"))
}

/// A process of its own, as far as the servers can tell.
fn locks(servers: &RedisSentinel) -> Locks {
    Locks::new(Redis::sentinel(&[servers.url()], servers.master_name()).unwrap())
}

const LONG: Duration = Duration::from_secs(60);

/// Until the replica knows as many waiters as this.
fn until_copied(replica: &Server, waiters: usize) {
    eventually("the replica has it", || {
        let reply = replica.command(&["ZCARD", "lockset:{job}:queue"]);
        let holders = replica.command(&["HLEN", "lockset:{job}"]);
        reply.is_ok_and(|reply| reply == format!(":{waiters}\r\n"))
            && holders.is_ok_and(|reply| reply == ":2\r\n")
    });
}

#[test]
fn a_lease_and_its_waiter_outlive_the_master() {
    let mut servers = servers();
    let (holder, waiter) = (locks(&servers), locks(&servers));
    let held = holder.lock("job").unwrap().lock().unwrap();
    let waiting = waiter.lock("job").unwrap().acquire(Deadline::NEVER);
    until_copied(&servers.servers()[1], 1);
    servers.fail_over().unwrap();
    eventually("it can be renewed", || held.renew().is_ok());
    assert_eq!(held.lost().wait(Deadline::after(Duration::from_millis(1))), None);
    eventually("it waits there", || holder.inspect("job").unwrap().waiters.len() == 1);
    let fence = held.fence();
    assert_eq!(held.release().unwrap(), Released::InTime);
    let next = block_on(waiting).unwrap().unwrap();
    assert!(next.fence() > fence);
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// What the master had not passed on is forgotten. The holder is told, and its fence is the lower.
#[test]
fn a_grant_that_the_replica_has_not_seen_is_lost_and_told() {
    let mut servers = servers();
    let (holder, other) = (locks(&servers), locks(&servers));
    let lock = holder.lock("job").unwrap().with_ttl(Duration::from_secs(9)).unwrap();
    let held = lock.lock().unwrap();
    until_copied(&servers.servers()[1], 0);
    servers.fail_over().unwrap();
    // As if it had not.
    assert_eq!(servers.servers()[1].command(&["DEL", "lockset:{job}"]).unwrap(), ":1\r\n");
    let next = other.lock("job").unwrap().lock().unwrap();
    assert!(next.fence() > held.fence());
    assert_eq!(held.lost().wait(Deadline::after(LONG)), Some(End::Lost(Loss::Revoked)));
    assert_eq!(held.release().unwrap(), Released::AlreadyLost(Loss::Revoked));
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// The master lives and answers, but it is none any more, and its connections stay open.
#[test]
fn a_master_that_was_demoted_is_left() {
    let servers = servers();
    let [first, second] = servers.servers();
    let lock = locks(&servers).lock("job").unwrap();
    let fence = lock.lock().unwrap().fence();
    // A sentinel would cut connections off; this is for those that it does not reach.
    let sentinel = redis::Client::open(servers.url()).unwrap();
    let mut sentinel = sentinel.get_connection().unwrap();
    let mut fail_over = redis::cmd("SENTINEL");
    fail_over.arg("FAILOVER").arg(servers.master_name());
    // A sentinel wants to have heard of the replica lately.
    eventually("it is willing to", || fail_over.exec(&mut sentinel).is_ok());
    eventually("the other one is master", || {
        servers.master_addr().is_ok_and(|addr| addr == second.addr())
    });
    let demoted = || first.command(&["ROLE"]).is_ok_and(|role| role.contains("slave"));
    eventually("this one is not", demoted);
    let next = lock.lock().unwrap();
    assert!(next.fence() > fence);
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// Connected to a replica, whether by a stale sentinel or by a URL.
#[test]
fn a_replica_is_unavailable_and_its_connection_replaced() {
    let server = Server::start().unwrap_or_else(|error| panic!("{error}"));
    let lock = Locks::new(Redis::new(&server.url()).unwrap()).lock("job").unwrap();
    let held = lock.lock().unwrap();
    let connections = || {
        let stats = server.command(&["INFO", "stats"]).unwrap();
        let line = stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        line.unwrap().parse::<u32>().unwrap()
    };
    // Of a master that is not there.
    assert_eq!(server.command(&["REPLICAOF", "127.0.0.1", "1"]).unwrap(), "+OK\r\n");
    let before = connections();
    let error = held.renew().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(format!("{error:?}").contains("ReadOnly"), "{error:?}");
    // Asked once more on a new one; beside it there is this question itself.
    assert_eq!(connections() - before, 2, "not connected anew");
    assert_eq!(server.command(&["REPLICAOF", "NO", "ONE"]).unwrap(), "+OK\r\n");
    held.renew().unwrap();
    assert_eq!(held.release().unwrap(), Released::InTime);
}

/// A server that must not write says so at the script's first change; nobody was told by then.
#[test]
fn a_waiter_is_not_told_of_what_could_not_be_written() {
    let servers = servers();
    let [master, _] = servers.servers();
    let locks = Locks::new(Redis::new(&master.url()).unwrap());
    let lock = locks.lock("job").unwrap().with_ttl(LONG).unwrap();
    let held = lock.lock().unwrap();
    let waiting = lock.acquire(Deadline::NEVER);
    eventually("it waits", || locks.inspect("job").unwrap().waiters.len() == 1);
    // Free, and with a line: as if the holder's time were over.
    let status = locks.inspect("job").unwrap();
    let id = status.holders[0].id.to_string();
    assert_eq!(master.command(&["HDEL", "lockset:{job}", &id]).unwrap(), ":1\r\n");
    assert_eq!(
        master.command(&["CONFIG", "SET", "min-replicas-to-write", "5"]).unwrap(),
        "+OK\r\n"
    );
    let error = lock.try_lock().unwrap_err();
    assert!(format!("{error:?}").contains("replicas"), "{error:?}");
    assert_eq!(
        master.command(&["CONFIG", "SET", "min-replicas-to-write", "0"]).unwrap(),
        "+OK\r\n"
    );
    // By somebody else, who is served after the waiter if that was told rightly, and not with it.
    drop(held);
    let next = block_on(waiting).unwrap().unwrap();
    assert_eq!(locks.inspect("job").unwrap().holders.len(), 1, "told of a lock that it has not");
    assert_eq!(next.release().unwrap(), Released::InTime);
}

#[test]
fn sentinels_that_do_not_answer_do_not_matter_and_those_that_know_nothing_do() {
    let servers = servers();
    let nobody = "redis://127.0.0.1:1".to_owned();
    let name = servers.master_name();
    let redis = |urls: &[String], name: &str| Locks::new(Redis::sentinel(urls, name).unwrap());
    let kind = |locks: Locks| locks.lock("job").unwrap().lock().unwrap_err().kind();
    let some = redis(&[nobody.clone(), servers.url()], name);
    assert_eq!(some.lock("job").unwrap().lock().unwrap().release().unwrap(), Released::InTime);
    // Connections are accepted, and nothing is ever said.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("redis://{}", listener.local_addr().unwrap());
    let some = redis(&[silent, servers.url()], name).lock("job").unwrap();
    // No longer than that is waited for an answer.
    let some = some.with_ttl(Duration::from_millis(900)).unwrap();
    assert_eq!(some.lock().unwrap().release().unwrap(), Released::InTime);
    assert_eq!(kind(redis(&[nobody], name)), ErrorKind::Unavailable);
    assert_eq!(kind(redis(&[servers.url()], "unheard-of")), ErrorKind::Denied);
    let none: [&str; 0] = [];
    assert_eq!(Redis::sentinel(&none, name).unwrap_err().kind(), ErrorKind::Config);
}

/// As if one sentinel had been cut off from the others before they chose another master.
#[test]
fn the_majority_of_the_sentinels_decides() {
    let [servers, stale] = [servers(), servers()];
    let urls = [stale.url(), servers.url(), servers.url()];
    for _ in 0..20 {
        // Each connects anew.
        let locks = Locks::new(Redis::sentinel(&urls, servers.master_name()).unwrap());
        let lease = locks.lock("job").unwrap().lock().unwrap();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
    let keys = |of: &RedisSentinel| of.servers()[0].command(&["DBSIZE"]).unwrap();
    assert_eq!([keys(&servers), keys(&stale)], [":1\r\n", ":0\r\n"]);
}

/// The master's user is not the sentinels', who do not know it.
#[test]
fn the_master_is_told_who_we_are() {
    let servers = servers();
    let [master, _] = servers.servers();
    master.add_user("me", "secret", &["~*", "&*", "+@all"]).unwrap();
    master.command(&["ACL", "SETUSER", "default", "off"]).ok();
    let url = format!("redis+sentinel://me:secret@{}/{}/0", servers.addr(), servers.master_name());
    let lease = Locks::new(Redis::new(&url).unwrap()).lock("job").unwrap().lock().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
}
