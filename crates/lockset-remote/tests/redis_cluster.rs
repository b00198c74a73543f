//! A cluster of three real Redis servers: one dies, one stops, and slots go from one to another.

#![cfg(feature = "redis")]

use std::time::Duration;

use lockset_api::{Deadline, Error, ErrorKind, Lease as _, Lock, Released, block_on};
use lockset_remote::{Acquire, Locks, RemoteLease, redis::Redis};
use testbed::RedisCluster;

fn cluster() -> RedisCluster {
    RedisCluster::start().unwrap_or_else(|error| panic!("{error}"))
}

/// A process of its own, as far as the cluster can tell.
fn locks(cluster: &RedisCluster) -> Locks {
    Locks::new(Redis::cluster(&cluster.urls()).unwrap())
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

/// A waiter looks for itself after ten seconds; what comes earlier was told to it.
const SOON: Duration = Duration::from_secs(8);

/// A lock's name whose keys are on this node.
fn name_on(cluster: &RedisCluster, node: usize) -> String {
    let mut names = (0..).map(|n| format!("job-{n}"));
    names.find(|name| cluster.node_of(&key(name)).unwrap() == node).unwrap()
}

fn key(name: &str) -> String {
    format!("lockset:{{{name}}}")
}

/// Starts to wait, and returns once that stands in line.
fn in_line(locks: &Locks, name: &str, wait: impl FnOnce() -> Acquire) -> Acquire {
    let before = locks.inspect(name).unwrap().waiters.len();
    let waiting = wait();
    testbed::eventually("it stands in line", || {
        locks.inspect(name).unwrap().waiters.len() == before + 1
    });
    waiting
}

/// What was pushed to a waiter.
fn handed_over(waiting: Acquire) -> RemoteLease {
    let soon = Deadline::after(SOON);
    let lease = block_on(waiting).unwrap().expect("granted");
    assert!(!soon.has_passed(), "it was not told, and had to look");
    lease
}

fn release(lease: RemoteLease) {
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

fn refused(result: Result<RemoteLease, Error>, kind: ErrorKind, part: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(format!("{error:?}").contains(part), "{error:?}");
}

/// Sends the same to all nodes.
fn everywhere(cluster: &RedisCluster, words: &[&str]) {
    (0..3).for_each(|n| drop(cluster.node(n).command(words).unwrap()));
}

#[test]
fn a_waiter_is_told_on_whichever_node_its_lock_is() {
    let cluster = cluster();
    let (holders, waiters) = (locks(&cluster), locks(&cluster));
    for node in 0..3 {
        let name = name_on(&cluster, node);
        let held = holders.lock(&name).unwrap().with_ttl(LONG).unwrap().lock().unwrap();
        let lock = waiters.lock(&name).unwrap();
        let waiting = in_line(&holders, &name, || lock.acquire(Deadline::NEVER));
        let fence = held.fence();
        release(held);
        let next = handed_over(waiting);
        assert!(next.fence() > fence);
        release(next);
    }
}

/// How often the nodes have refused something with this error.
fn refusals(cluster: &RedisCluster, error: &str) -> u32 {
    let of = |n| {
        let stats = cluster.node(n).command(&["INFO", "errorstats"]).unwrap();
        let prefix = format!("errorstat_{error}:count=");
        let count = stats.lines().find_map(|line| line.strip_prefix(&prefix)?.parse().ok());
        count.unwrap_or(0)
    };
    (0..3).map(of).sum()
}

/// The keys of a lock with braces in its name are where we look for them, and nowhere else.
#[test]
fn names_with_braces_are_found_at_once() {
    let cluster = cluster();
    let locks = locks(&cluster);
    for name in ["plain", "{a}", "{a}/1", "a{b}c", "{", "{{", "{}", "{}{x}", "a}b", "ü{ß}"] {
        release(locks.lock(name).unwrap().lock().unwrap());
    }
    assert_eq!(refusals(&cluster, "MOVED"), 0);
    assert_eq!(refusals(&cluster, "CROSSSLOT"), 0);
}

#[test]
fn several_names_must_be_in_one_slot() {
    let cluster = cluster();
    let locks = locks(&cluster);
    for names in [["a", "b"], ["{orders}/1", "{users}/1"], ["x{orders}", "y{orders}"]] {
        let error = locks.lock_all(&names).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidName);
        assert!(error.to_string().contains("{orders}/1"), "it says what would do: {error}");
    }
    let both = locks.lock_all(&["{orders}/1", "{orders}/2"]).unwrap();
    let held = locks.lock("{orders}/2").unwrap().lock().unwrap();
    assert!(both.try_lock().unwrap().is_none());
    let waiting = in_line(&locks, "{orders}/1", || both.acquire(Deadline::NEVER));
    release(held);
    release(handed_over(waiting));
}

#[test]
fn a_dead_node_costs_the_others_nothing() {
    let mut cluster = cluster();
    // Otherwise Redis refuses everything while any slot is gone.
    everywhere(&cluster, &["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    let locks = locks(&cluster);
    let [alive, dead] = [0, 1].map(|node| name_on(&cluster, node));
    let lock = locks.lock(&alive).unwrap().with_ttl(Duration::from_secs(3)).unwrap();
    let (held, gone) = (lock.lock().unwrap(), locks.lock(&dead).unwrap().lock().unwrap());
    cluster.node_mut(1).kill().unwrap();
    refused(locks.lock(&dead).unwrap().lock(), ErrorKind::Unavailable, "Connection refused");
    let waiting = in_line(&locks, &alive, || lock.acquire(Deadline::NEVER));
    assert_eq!(held.lost().wait(Deadline::after(Duration::from_secs(4))), None);
    release(held);
    release(handed_over(waiting));
    // One that has come to know only of the dead node's neighbours finds its way as well.
    release(self::locks(&cluster).lock(&alive).unwrap().lock().unwrap());

    cluster.node_mut(1).restart().unwrap();
    cluster.wait_complete().unwrap();
    let next = locks.lock(&dead).unwrap().lock_until(Deadline::after(LONG)).unwrap().unwrap();
    assert!(next.fence() > gone.fence());
    release(next);
}

#[test]
fn a_cluster_that_is_down_says_so() {
    let mut cluster = cluster();
    let locks = locks(&cluster);
    let lock = locks.lock(&name_on(&cluster, 0)).unwrap();
    release(lock.lock().unwrap());
    cluster.node_mut(1).kill().unwrap();
    testbed::eventually("the others notice", || {
        let info = cluster.node(0).command(&["CLUSTER", "INFO"]);
        info.is_ok_and(|info| info.contains("cluster_state:fail"))
    });
    refused(lock.lock(), ErrorKind::Unavailable, "ClusterDown");
}

#[test]
fn a_paused_node_costs_the_others_nothing() {
    let cluster = cluster();
    everywhere(&cluster, &["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    let locks = locks(&cluster);
    let [alive, stuck] = [0, 1]
        .map(|node| locks.lock(&name_on(&cluster, node)).unwrap().with_ttl(SHORT * 10).unwrap());
    let held = alive.lock().unwrap();
    cluster.node(1).pause().unwrap();
    let brief = stuck.clone().with_ttl(SHORT).unwrap();
    refused(brief.lock(), ErrorKind::Unknown, "did not answer");
    // The cluster is asked anew before the next call; the paused node must not delay that.
    for _ in 0..3 {
        let name = name_on(&cluster, 2);
        release(locks.lock(&name).unwrap().with_ttl(SHORT).unwrap().lock().unwrap());
    }
    assert_eq!(held.lost().wait(Deadline::after(SHORT * 12)), None);
    release(held);
    cluster.node(1).resume().unwrap();
    cluster.wait_complete().unwrap();
    release(stuck.lock_until(Deadline::after(LONG)).unwrap().unwrap());
}

/// Its slot has gone to another node, as after a fail-over to a replica.
fn is_found_elsewhere(fault: impl FnOnce(&mut testbed::Redis), first_answer: Option<ErrorKind>) {
    let mut cluster = cluster();
    everywhere(&cluster, &["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    let name = name_on(&cluster, 1);
    let lock = locks(&cluster).lock(&name).unwrap().with_ttl(SHORT * 3).unwrap();
    let fence = lock.lock().unwrap().fence();
    let moving = Move::of(&cluster, &name, 0);
    let (slot, id) = (moving.slot, moving.ids[0].clone());
    fault(cluster.node_mut(1));
    for node in [0, 2] {
        cluster.node(node).command(&["CLUSTER", "SETSLOT", &slot, "NODE", &id]).unwrap();
    }
    if let Some(kind) = first_answer {
        assert_eq!(lock.lock().unwrap_err().kind(), kind);
    }
    let next = lock.lock().unwrap();
    assert!(next.fence() > fence);
    release(next);
}

#[test]
fn what_a_dead_node_had_is_found_where_it_is_now() {
    is_found_elsewhere(|node| node.kill().unwrap(), None);
}

/// It does not even refuse a connection, so one call has to fail before anybody else is asked.
#[test]
fn what_a_paused_node_had_is_found_where_it_is_now() {
    is_found_elsewhere(|node| node.pause().unwrap(), Some(ErrorKind::Unknown));
}

/// A slot on its way from one node to another.
struct Move<'a> {
    cluster: &'a RedisCluster,
    slot: String,
    ids: [String; 3],
    from: usize,
    to: usize,
}

impl<'a> Move<'a> {
    fn begin(cluster: &'a RedisCluster, name: &str) -> Self {
        let to = (cluster.node_of(&key(name)).unwrap() + 1) % 3;
        let begun = Self::of(cluster, name, to);
        begun.set(to, &["IMPORTING", &begun.ids[begun.from]]);
        begun.set(begun.from, &["MIGRATING", &begun.ids[to]]);
        begun
    }

    /// Nobody knows of it yet.
    fn of(cluster: &'a RedisCluster, name: &str, to: usize) -> Self {
        let from = cluster.node_of(&key(name)).unwrap();
        let reply = cluster.node(0).command(&["CLUSTER", "KEYSLOT", &key(name)]).unwrap();
        let slot = reply.trim().trim_start_matches(':').to_owned();
        let ids = [0, 1, 2].map(|n| {
            let reply = cluster.node(n).command(&["CLUSTER", "MYID"]).unwrap();
            reply.lines().nth(1).unwrap().to_owned()
        });
        Self { cluster, slot, ids, from, to }
    }

    fn set(&self, node: usize, words: &[&str]) {
        let command = [&["CLUSTER", "SETSLOT", &self.slot], words].concat();
        assert_eq!(self.cluster.node(node).command(&command).unwrap(), "+OK\r\n");
    }

    fn move_keys(&self) {
        let from = self.cluster.node(self.from);
        let port = self.cluster.addrs()[self.to].port().to_string();
        let reply = from.command(&["CLUSTER", "GETKEYSINSLOT", &self.slot, "100"]).unwrap();
        let keys: Vec<_> = reply.lines().filter(|line| line.starts_with("lockset:")).collect();
        assert!(!keys.is_empty(), "{reply}");
        let migrate = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        assert_eq!(from.command(&[&migrate, &keys[..]].concat()).unwrap(), "+OK\r\n");
    }

    fn end(self) {
        for node in [self.to, self.from, (self.to + 1) % 3] {
            self.set(node, &["NODE", &self.ids[self.to]]);
        }
    }
}

#[test]
fn a_lease_and_its_waiters_follow_their_slot() {
    let cluster = cluster();
    let locks = locks(&cluster);
    let lock = locks.lock("{job}/1").unwrap().with_ttl(LONG).unwrap();
    let other = locks.lock("{job}/2").unwrap();
    let held = lock.lock().unwrap();
    let waiting = in_line(&locks, "{job}/1", || lock.acquire(Deadline::NEVER));
    let place = || locks.inspect("{job}/1").unwrap().waiters[0].clone();
    let before = place();
    let moving = Move::begin(&cluster, "{job}/1");
    moving.move_keys();
    // All of its keys are on the other node already, which answers if it is asked properly.
    held.renew().unwrap();
    // Of a lock that has none there it can say nothing.
    refused(other.lock(), ErrorKind::Unavailable, "between");
    moving.end();
    // Finds out that the slot has moved, upon which the waiter looks where it waits now.
    let soon = Deadline::after(SOON / 2);
    held.renew().unwrap();
    let reach = |party: &lockset_remote::Party| party.since + party.remaining;
    testbed::eventually("it was heard of again", || reach(&place()) > reach(&before));
    assert!(!soon.has_passed(), "it was not told to look");
    assert_eq!(place().id, before.id, "it has lost its place");
    let sent_on = refusals(&cluster, "MOVED");
    held.renew().unwrap();
    assert_eq!(refusals(&cluster, "MOVED"), sent_on, "it goes where the slot has been");
    let fence = held.fence();
    release(held);
    let next = handed_over(waiting);
    assert!(next.fence() > fence);
    release(next);
    release(other.lock().unwrap());
}

/// Redis tells a message at every node, and counts those who hear it at one. One that is told
/// without having been counted would hold a lock that is somebody else's.
#[test]
fn a_waiter_whose_slot_has_gone_is_skipped_and_not_told() {
    let cluster = cluster();
    let [holder, waiter, third] = [(); 3].map(|()| locks(&cluster));
    let held = holder.lock("job").unwrap().with_ttl(LONG).unwrap().lock().unwrap();
    let lock = waiter.lock("job").unwrap();
    let waiting = in_line(&holder, "job", || lock.acquire(Deadline::NEVER));
    let moving = Move::begin(&cluster, "job");
    moving.move_keys();
    moving.end();
    release(held);
    let next = third.lock("job").unwrap().with_ttl(LONG).unwrap().try_lock().unwrap();
    let next = next.expect("the waiter was skipped");
    let fence = next.fence();
    testbed::eventually("it has looked where it waits now", || {
        third.inspect("job").unwrap().waiters.len() == 1
    });
    release(next);
    assert!(block_on(waiting).unwrap().unwrap().fence() > fence, "two held it");
}

#[test]
fn what_is_no_cluster_is_refused() {
    let none: [&str; 0] = [];
    assert_eq!(Redis::cluster(&none).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(Redis::cluster(&["redis://host/1"]).unwrap_err().kind(), ErrorKind::Config);
    let alone = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let locks = Locks::new(Redis::cluster(&[alone.url()]).unwrap());
    refused(locks.lock("job").unwrap().lock(), ErrorKind::Denied, "cluster support disabled");
    let cluster = cluster();
    let name = name_on(&cluster, 0);
    let lost = Locks::new(Redis::new(&cluster.urls()[1]).unwrap());
    refused(lost.lock(&name).unwrap().lock(), ErrorKind::Denied, "Moved");
}
