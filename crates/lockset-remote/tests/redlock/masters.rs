//! Five servers, each behind a wire of its own.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use lockset_api::{Fence, Lease as _, Lock, Lost, Released};
use lockset_remote::{LeaseStore, Locks, RemoteLease, RemoteLock, redis::Redis, redlock::Redlock};
use testbed::{Proxy, Redis as Server};

pub(crate) struct Masters {
    servers: Arc<[Mutex<Server>]>,
    pub(crate) wires: Vec<Proxy>,
}

/// Longer than any test takes to notice what it looks for.
pub(crate) const TTL: Duration = Duration::from_secs(10);

impl Masters {
    /// Five of them, as near as can be.
    pub(crate) fn five() -> Self {
        Self::with_delays([Duration::ZERO; 5])
    }

    /// Five of them, each so far away, one way.
    pub(crate) fn with_delays(delays: [Duration; 5]) -> Self {
        let start = || Server::start().unwrap_or_else(|error| panic!("{error}"));
        let servers = delays.iter().map(|_| Mutex::new(start())).collect();
        Self { servers, wires: Vec::new() }.behind(delays)
    }

    /// The same servers, behind other wires.
    pub(crate) fn behind(&self, delays: [Duration; 5]) -> Self {
        let wire = |(node, delay)| Proxy::with_delay(self.server(node).addr(), delay).unwrap();
        let wires = delays.into_iter().enumerate().map(wire).collect();
        Self { wires, servers: Arc::clone(&self.servers) }
    }

    /// The locks of the quorum, with connections of their own, as another process has them.
    pub(crate) fn locks(&self) -> Locks {
        Self::quorum(self.wires.iter().map(Proxy::addr))
    }

    /// The same, without the wires between.
    pub(crate) fn locks_near(&self) -> Locks {
        Self::quorum((0..self.servers.len()).map(|node| self.server(node).addr()))
    }

    fn quorum(addresses: impl Iterator<Item = SocketAddr>) -> Locks {
        let store = |address| -> Arc<dyn LeaseStore> {
            Arc::new(Redis::new(&format!("redis://{address}")).unwrap())
        };
        Locks::new(Redlock::new(addresses.map(store).collect()).unwrap())
    }

    pub(crate) fn lock(&self) -> RemoteLock {
        self.lock_for(TTL)
    }

    pub(crate) fn lock_for(&self, ttl: Duration) -> RemoteLock {
        self.locks().lock("job").and_then(|lock| lock.with_ttl(ttl)).unwrap()
    }

    /// The server itself, to be hurt.
    pub(crate) fn server(&self, node: usize) -> MutexGuard<'_, Server> {
        self.servers[node].lock().unwrap()
    }

    fn ask(&self, node: usize, words: &[&str]) -> String {
        self.server(node).command(words).unwrap()
    }

    /// Whether server `node` knows that it belongs to the quorum.
    pub(crate) fn is_member(&self, node: usize) -> bool {
        self.ask(node, &["HEXISTS", "lockset:member", "base"]) == ":1\r\n"
    }

    /// How many entries server `node` has of the lock's holders and waiters.
    pub(crate) fn entries(&self, node: usize) -> usize {
        let holders = self.ask(node, &["HKEYS", "lockset:{job}"]);
        // The other field has 5 letters, an id 32.
        let holders = holders.lines().filter(|line| line.len() == 32).count();
        let waiters = self.ask(node, &["HLEN", "lockset:{job}:waiters"]);
        holders + waiters.trim().trim_start_matches(':').parse::<usize>().unwrap()
    }

    /// Waits until no server that answers has an entry of a holder or of a waiter.
    pub(crate) fn nothing_is_left_on(&self, nodes: &[usize]) {
        for &node in nodes {
            testbed::eventually("nothing is left", || self.entries(node) == 0);
        }
    }

    /// What `node` counts up to for the lock.
    pub(crate) fn counter(&self, node: usize) -> u64 {
        let answer = self.ask(node, &["HGET", "lockset:{job}", "fence"]);
        answer.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0)
    }
}

pub(crate) fn release(lease: RemoteLease) {
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// All grants, in their order: no two at once, and their fences must rise strictly.
#[derive(Default)]
pub(crate) struct History(Mutex<Grants>);

#[derive(Default)]
struct Grants {
    fences: Vec<Fence>,
    /// Whoever has it, and has neither begun to give it back nor been told of its loss.
    holder: Option<Lost>,
}

impl History {
    /// Takes the lock, so that the order in which this is called is that of the grants.
    pub(crate) fn take(&self, lock: &RemoteLock) -> Held<'_> {
        let lease = lock.lock().unwrap();
        let mut grants = self.grants();
        let fence = lease.fence();
        if let Some(last) = grants.fences.last() {
            assert!(fence > *last, "{fence} was granted after {last}");
        }
        let is_held = grants.holder.as_ref().is_some_and(|holder| !holder.is_lost());
        assert!(!is_held, "{fence} was granted while {:?} was held", grants.fences.last());
        grants.fences.push(fence);
        grants.holder = Some(lease.lost());
        Held { lease: Some(lease), history: self }
    }

    pub(crate) fn len(&self) -> usize {
        self.grants().fences.len()
    }

    fn grants(&self) -> MutexGuard<'_, Grants> {
        self.0.lock().unwrap()
    }
}

/// A lease of a history, which hears of its end before anybody else does.
pub(crate) struct Held<'a> {
    /// There until it is given back.
    lease: Option<RemoteLease>,
    history: &'a History,
}

impl Held<'_> {
    pub(crate) fn release(mut self) {
        self.end();
        self.lease.take().into_iter().for_each(release);
    }

    fn end(&self) {
        let mut grants = self.history.grants();
        // It may have been lost, and another one have it.
        if grants.fences.last().copied() == self.lease.as_ref().map(RemoteLease::fence) {
            grants.holder = None;
        }
    }
}

impl Deref for Held<'_> {
    type Target = RemoteLease;

    fn deref(&self) -> &RemoteLease {
        self.lease.as_ref().expect("it is held")
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Not while the panic that says so is under way, which has the history's own lock.
        if self.lease.is_some() && !thread::panicking() {
            self.end();
        }
    }
}

/// Has `contenders`, each with connections of its own, take the lock so many times each.
pub(crate) fn contend(masters: &Masters, contenders: usize, rounds: usize, history: &History) {
    thread::scope(|scope| {
        for _ in 0..contenders {
            scope.spawn(|| {
                let lock = masters.lock();
                for _ in 0..rounds {
                    history.take(&lock).release();
                }
            });
        }
    });
}
