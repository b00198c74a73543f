//! Leases kept by a Redis server that is hurt: one server and one wire for each check.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockset_conformance::{FaultSubject, LeaseSubject, Subject, suite};
use lockset_remote::{Locks, RemoteLock, Renewal, redis::Redis};
use testbed::Proxy;

use super::TTL;

struct Hurt {
    server: Mutex<testbed::Redis>,
    wire: Proxy,
}

impl Hurt {
    /// A server that forgets everything when it is killed.
    fn forgetful() -> Self {
        Self::behind_a_wire(testbed::Redis::start())
    }

    /// A server that keeps what it has answered.
    fn durable() -> Self {
        Self::behind_a_wire(testbed::Redis::start_durable())
    }

    fn behind_a_wire(server: Result<testbed::Redis, testbed::Error>) -> Self {
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        let wire = Proxy::start(server.addr()).expect("a port");
        Self { server: Mutex::new(server), wire }
    }

    fn server(&self) -> MutexGuard<'_, testbed::Redis> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subject for Hurt {
    type Lock = RemoteLock;
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteLock {
        self.open_renewed(TTL)
    }
}

impl LeaseSubject for Hurt {
    fn open_brief(&self, ttl: Duration) -> RemoteLock {
        self.open_renewed(ttl).with_renewal(Renewal::Never)
    }
}

impl FaultSubject for Hurt {
    fn open_renewed(&self, ttl: Duration) -> RemoteLock {
        let locks = Locks::new(Redis::new(&format!("redis://{}", self.wire.addr())).unwrap());
        locks.lock("job").and_then(|lock| lock.with_ttl(ttl)).expect("a lock")
    }

    fn cut(&self) {
        self.wire.cut();
    }

    fn sever(&self) {
        self.wire.sever();
    }

    fn heal(&self) {
        self.wire.heal();
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

fn expect(done: io::Result<()>) {
    done.expect("the server is there");
}

suite!(forgetful: Hurt::forgetful() => faults);
suite!(durable: Hurt::durable() => faults);
