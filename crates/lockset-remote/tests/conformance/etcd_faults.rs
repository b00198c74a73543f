//! Leases kept by an etcd that is hurt: servers and wires of its own for each check.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockset_conformance::{FaultSubject, LeaseSubject, Subject, suite};
use lockset_remote::{Locks, RemoteLock, Renewal, etcd::Etcd};
use testbed::{EtcdCluster, Proxy};

use super::TTL;

/// What is hurt.
trait Servers: Send + Sync + 'static {
    fn start() -> Self;
    fn wires(&self) -> &[Proxy];
    fn pause(&self);
    fn resume(&self);
    fn restart(&self);
}

struct Hurt<S>(S);

impl<S: Servers> Subject for Hurt<S> {
    type Lock = RemoteLock;
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteLock {
        self.open_renewed(TTL)
    }
}

impl<S: Servers> LeaseSubject for Hurt<S> {
    fn open_brief(&self, ttl: Duration) -> RemoteLock {
        self.open_renewed(ttl).with_renewal(Renewal::Never)
    }
}

impl<S: Servers> FaultSubject for Hurt<S> {
    fn open_renewed(&self, ttl: Duration) -> RemoteLock {
        let hosts: Vec<_> = self.0.wires().iter().map(|wire| wire.addr().to_string()).collect();
        let locks = Locks::new(Etcd::new(&format!("etcd://{}", hosts.join(","))).unwrap());
        locks.lock("job").and_then(|lock| lock.with_ttl(ttl)).expect("a lock")
    }

    fn cut(&self) {
        self.0.wires().iter().for_each(Proxy::cut);
    }

    fn sever(&self) {
        self.0.wires().iter().for_each(Proxy::sever);
    }

    fn heal(&self) {
        self.0.wires().iter().for_each(Proxy::heal);
    }

    fn pause(&self) {
        self.0.pause();
    }

    fn resume(&self) {
        self.0.resume();
    }

    fn restart(&self) {
        self.0.restart();
    }
}

/// One server behind a wire.
struct One(Mutex<testbed::Etcd>, [Proxy; 1]);

impl One {
    fn server(&self) -> MutexGuard<'_, testbed::Etcd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Servers for One {
    fn start() -> Self {
        let server = testbed::Etcd::start().unwrap_or_else(|error| panic!("{error}"));
        let wire = Proxy::start(server.addr()).expect("a port");
        Self(Mutex::new(server), [wire])
    }

    fn wires(&self) -> &[Proxy] {
        &self.1
    }

    fn pause(&self) {
        expect(self.server().pause());
    }

    fn resume(&self) {
        expect(self.server().resume());
    }

    fn restart(&self) {
        self.server().restart().unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Three servers, each behind a wire. They all pause, and restart, together.
struct Three(Mutex<EtcdCluster>, Vec<Proxy>);

impl Three {
    fn cluster(&self) -> MutexGuard<'_, EtcdCluster> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Servers for Three {
    fn start() -> Self {
        let cluster = EtcdCluster::start().unwrap_or_else(|error| panic!("{error}"));
        let wires = cluster.addrs().map(|addr| Proxy::start(addr).expect("a port")).into();
        Self(Mutex::new(cluster), wires)
    }

    fn wires(&self) -> &[Proxy] {
        &self.1
    }

    fn pause(&self) {
        (0..3).for_each(|n| expect(self.cluster().node(n).pause()));
    }

    fn resume(&self) {
        (0..3).for_each(|n| expect(self.cluster().node(n).resume()));
    }

    /// One after the other, as an upgrade does it: two of them are always there.
    fn restart(&self) {
        let mut cluster = self.cluster();
        for n in 0..3 {
            cluster.node_mut(n).restart().unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

fn expect(done: io::Result<()>) {
    done.expect("the server is there");
}

suite!(etcd_hurt: Hurt(One::start()) => faults);
suite!(three_hurt: Hurt(Three::start()) => faults);
