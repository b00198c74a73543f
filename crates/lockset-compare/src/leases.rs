//! Leases: ours on whatever server its URL names, and what their server takes without them.
//!
//! Rivals that bring clients of their own are added by the program that runs the comparison, so
//! that whoever only wants our locks does not build them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use lockset::{AsyncLock, Deadline, Lease, Lock, Locks, Released, RemoteLock};

use crate::entry::{Entry, Origin, Primitive};
use crate::rival::{Cancelled, Place, Rival, Timed};
use crate::servers::Server;

/// Ours on these servers, and on a SQLite database, which needs none.
#[must_use]
pub fn leases(servers: &[Server]) -> Vec<Entry> {
    let mut all = vec![ours("sqlite", Origin::Ours)];
    for server in servers {
        all.push(ours(&server.name, Origin::Ours).kept_by(server));
        if server.scheme() == "redis" && !server.is_quorum() {
            let name = format!("bare round trip, {}", server.name);
            all.push(entry::<Ping>(&name, Origin::Bare).without_waiting().kept_by(server));
        }
    }
    // Of the one that most others are measured by.
    if let Some(server) = servers.first() {
        let name = format!("{} (again)", server.name);
        all.push(ours(&name, Origin::Twin).kept_by(server));
    }
    all
}

fn entry<R: Rival>(name: &str, origin: Origin) -> Entry {
    Entry::new::<R>(Primitive::Lease, origin, name)
}

fn ours(name: &str, origin: Origin) -> Entry {
    entry::<Ours>(name, origin).timed::<Ours>().cancelled::<Ours>()
}

const THERE: &str = "the server is there";

/// Each contender has a client of its own, as on a machine of its own.
struct Ours {
    url: String,
    name: String,
    lock: RemoteLock,
}

impl Ours {
    fn at(url: String, name: String) -> Self {
        let locks = lockset::open_server(&url).unwrap_or_else(|error| panic!("{error}"));
        let lock = lock(&locks, &name);
        Self { url, name, lock }
    }
}

fn lock(locks: &Locks, name: &str) -> RemoteLock {
    locks.lock(name).unwrap_or_else(|error| panic!("{error}"))
}

/// The URL as Lockset takes it. Without one it is a database among the files.
fn url(place: &Place) -> String {
    match place.url.as_str() {
        "" => format!("sqlite:{}", database(&place.dir).display()),
        quorum if quorum.contains(',') => format!("redlock:{quorum}"),
        one => one.to_owned(),
    }
}

fn database(dir: &Path) -> std::path::PathBuf {
    dir.join("leases.db")
}

impl Rival for Ours {
    fn open(place: &Place) -> Self {
        Self::at(url(place), place.name.clone())
    }
    fn another(&self) -> Self {
        Self::at(self.url.clone(), self.name.clone())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let lease = self.lock.lock().unwrap_or_else(|error| panic!("{error}"));
        let done = inside();
        // To drop it would give it back in the background: no part of the time, and yet a part of
        // what it takes.
        assert_eq!(lease.release().expect(THERE), Released::InTime);
        done
    }
}

impl Timed for Ours {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let lease = self.lock.lock_until(Deadline::after(limit)).expect(THERE)?;
        let done = inside();
        assert_eq!(lease.release().expect(THERE), Released::InTime);
        Some(done)
    }
}

impl Cancelled for Ours {
    fn abandon(&mut self) {
        let wait = pin!(self.lock.lock_async());
        assert!(wait.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

/// No lock: a question to the server and its answer, over a socket without any client around it.
struct Ping(TcpStream, String);

impl Ping {
    fn at(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect(THERE);
        stream.set_nodelay(true).expect("it is a TCP socket");
        Self(stream, address.to_owned())
    }
}

impl Rival for Ping {
    fn open(place: &Place) -> Self {
        Self::at(Server::address(&place.url))
    }
    fn another(&self) -> Self {
        Self::at(&self.1)
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        self.0.write_all(b"PING\r\n").expect(THERE);
        // A server that wants a password says so in another line, as soon.
        let mut answer = [0; 64];
        assert!(self.0.read(&mut answer).expect(THERE) > 0, "the server hung up");
        inside()
    }
}
