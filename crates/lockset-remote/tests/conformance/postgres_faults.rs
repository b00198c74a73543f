//! Leases kept by a PostgreSQL server that is hurt: one server and one wire for each check.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockset_conformance::{FaultSubject, LeaseSubject, Subject, suite};
use lockset_remote::{Locks, RemoteLock, Renewal, postgres::Postgres};
use testbed::Proxy;

use super::TTL;

struct Hurt {
    server: Mutex<testbed::Postgres>,
    wire: Proxy,
}

impl Hurt {
    fn new() -> Self {
        let server = testbed::Postgres::start().unwrap_or_else(|error| panic!("{error}"));
        let wire = Proxy::start(server.addr()).expect("a port");
        Self { server: Mutex::new(server), wire }
    }

    fn server(&self) -> MutexGuard<'_, testbed::Postgres> {
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
    const ENDS_WITH_CONNECTION: bool = true;

    fn open_renewed(&self, ttl: Duration) -> RemoteLock {
        let url = format!("postgres://postgres@{}/postgres", self.wire.addr());
        let locks = Locks::new(Postgres::new(&url).expect("a URL"));
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

suite!(postgres: Hurt::new() => faults);
