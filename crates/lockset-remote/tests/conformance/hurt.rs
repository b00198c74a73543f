//! A server, or several, that is hurt: of its own for each check, behind a wire for each.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockset_conformance::{FaultSubject, LeaseSubject, Subject};
use lockset_remote::{Locks, RemoteLock, Renewal};
use testbed::Proxy;

use super::TTL;

/// What is hurt.
pub(super) trait Victim: Send + 'static {
    /// Whether a lease ends with its connection.
    const ENDS_WITH_CONNECTION: bool = false;

    fn addrs(&self) -> Vec<SocketAddr>;
    /// Connects to it by these addresses instead of its own.
    fn connect(addrs: &[SocketAddr]) -> Locks;
    fn pause(&self) -> io::Result<()>;
    fn resume(&self) -> io::Result<()>;
    fn restart(&mut self) -> Result<(), testbed::Error>;
}

/// [`Victim`] for one server of the testbed, by how its leases are connected to.
macro_rules! one_server {
    ($server:ty, $connect:expr $(, $constant:ident)?) => {
        impl $crate::hurt::Victim for $server {
            $(const $constant: bool = true;)?

            fn addrs(&self) -> Vec<std::net::SocketAddr> {
                vec![self.addr()]
            }

            fn connect(addrs: &[std::net::SocketAddr]) -> lockset_remote::Locks {
                let connect: fn(std::net::SocketAddr) -> lockset_remote::Locks = $connect;
                connect(addrs[0])
            }

            fn pause(&self) -> std::io::Result<()> {
                self.pause()
            }

            fn resume(&self) -> std::io::Result<()> {
                self.resume()
            }

            fn restart(&mut self) -> Result<(), testbed::Error> {
                self.restart()
            }
        }
    };
}
pub(super) use one_server;

pub(super) struct Hurt<V> {
    victim: Mutex<V>,
    wires: Vec<Proxy>,
}

impl<V: Victim> Hurt<V> {
    pub(super) fn new(started: Result<V, testbed::Error>) -> Self {
        let victim = started.unwrap_or_else(|error| panic!("{error}"));
        let wire = |addr| Proxy::start(addr).expect("a port");
        let wires = victim.addrs().into_iter().map(wire).collect();
        Self { victim: Mutex::new(victim), wires }
    }

    fn victim(&self) -> MutexGuard<'_, V> {
        self.victim.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Victim> Subject for Hurt<V> {
    type Lock = RemoteLock;
    const ROUNDS: usize = 10;

    fn open(&self) -> RemoteLock {
        self.open_renewed(TTL)
    }
}

impl<V: Victim> LeaseSubject for Hurt<V> {
    fn open_brief(&self, ttl: Duration) -> RemoteLock {
        self.open_renewed(ttl).with_renewal(Renewal::Never)
    }
}

impl<V: Victim> FaultSubject for Hurt<V> {
    const ENDS_WITH_CONNECTION: bool = V::ENDS_WITH_CONNECTION;

    fn open_renewed(&self, ttl: Duration) -> RemoteLock {
        let addrs: Vec<_> = self.wires.iter().map(Proxy::addr).collect();
        V::connect(&addrs).lock("job").and_then(|lock| lock.with_ttl(ttl)).expect("a lock")
    }

    fn cut(&self) {
        self.wires.iter().for_each(Proxy::cut);
    }

    fn sever(&self) {
        self.wires.iter().for_each(Proxy::sever);
    }

    fn heal(&self) {
        self.wires.iter().for_each(Proxy::heal);
    }

    fn pause(&self) {
        self.victim().pause().expect("the server is there");
    }

    fn resume(&self) {
        self.victim().resume().expect("the server is there");
    }

    fn restart(&self) {
        self.victim().restart().unwrap_or_else(|error| panic!("{error}"));
    }
}
