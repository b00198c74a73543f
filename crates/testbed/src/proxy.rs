//! A wire that can be cut: a TCP proxy between a client and its server.
//!
//! Killing or pausing a server shows what its clients do when it is gone. A cut wire is worse and
//! more common: both ends live, and each must decide what to believe about the other.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// A TCP proxy on a free loopback port; its connections and threads end with it.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    wire: Arc<Mutex<Wire>>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Wire {
    mode: Mode,
    links: Vec<Link>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// New connections are forwarded.
    Whole,
    /// New connections are closed at once.
    Severed,
    /// The proxy is being dropped: the next connection ends the acceptor.
    Closing,
}

/// One forwarded connection: its two ends, and a thread for each direction.
#[derive(Debug)]
struct Link {
    ends: [Arc<TcpStream>; 2],
    pumps: [JoinHandle<()>; 2],
    silent: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts a proxy that forwards every connection to `upstream`.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let wire = Arc::new(Mutex::new(Wire { mode: Mode::Whole, links: Vec::new() }));
        let acceptor = thread::spawn({
            let wire = Arc::clone(&wire);
            move || accept(&listener, upstream, &wire)
        });
        Ok(Self { addr, wire, acceptor: Some(acceptor) })
    }

    /// Where clients connect to instead of to the upstream.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes every connection that has been forwarded so far; new ones work.
    ///
    /// A connection whose client has not heard from the upstream yet may not have reached the
    /// proxy, and is then a new one.
    pub fn cut(&self) {
        lock(&self.wire).cut();
    }

    /// Closes every connection, and every new one at once, until [`Proxy::heal`].
    pub fn sever(&self) {
        self.change(Mode::Severed);
    }

    /// Swallows whatever is sent on the connections of now, which stay open, as behind a router
    /// that has forgotten them; new ones work.
    pub fn silence(&self) {
        for link in &lock(&self.wire).links {
            // Relaxed: what is on its way in this moment may still get through.
            link.silent.store(true, Ordering::Relaxed);
        }
    }

    /// Forwards new connections again.
    pub fn heal(&self) {
        lock(&self.wire).mode = Mode::Whole;
    }

    fn change(&self, mode: Mode) {
        let mut wire = lock(&self.wire);
        wire.mode = mode;
        wire.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.change(Mode::Closing);
        // The acceptor waits in accept(2), and a connection is what wakes it. If none can be
        // made, joining would wait for ever, so the thread is left to the end of the process.
        if TcpStream::connect(self.addr).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            let _ = acceptor.join();
        }
    }
}

impl Wire {
    fn cut(&mut self) {
        for link in self.links.drain(..) {
            for end in &link.ends {
                // An end that its peer has closed already is as closed as it should be.
                let _ = end.shutdown(Shutdown::Both);
            }
            for pump in link.pumps {
                let _ = pump.join();
            }
        }
    }
}

impl Link {
    fn new(client: TcpStream, server: TcpStream) -> Self {
        let ends = [Arc::new(client), Arc::new(server)];
        let [client, server] = &ends;
        let silent = Arc::new(AtomicBool::new(false));
        let pumps = [pump(client, server, &silent), pump(server, client, &silent)];
        Self { ends, pumps, silent }
    }

    fn is_over(&self) -> bool {
        self.pumps.iter().all(JoinHandle::is_finished)
    }
}

fn accept(listener: &TcpListener, upstream: SocketAddr, wire: &Mutex<Wire>) {
    for client in listener.incoming() {
        // Connected before the lock is taken, so that a slow upstream does not delay a cut.
        let server = TcpStream::connect(upstream);
        let mut wire = lock(wire);
        match wire.mode {
            Mode::Closing => return,
            Mode::Severed => {}
            Mode::Whole => {
                wire.links.retain(|link| !link.is_over());
                // A client whose upstream refuses is closed, which is all a proxy can tell it.
                if let (Ok(client), Ok(server)) = (client, server) {
                    wire.links.push(Link::new(client, server));
                }
            }
        }
    }
}

/// Copies one direction until its source ends, and hands that end on to its sink.
fn pump(
    source: &Arc<TcpStream>,
    sink: &Arc<TcpStream>,
    silent: &Arc<AtomicBool>,
) -> JoinHandle<()> {
    let (source, sink, silent) = (Arc::clone(source), Arc::clone(sink), Arc::clone(silent));
    thread::spawn(move || {
        let copied = io::copy(&mut &*source, &mut Valve { sink: &sink, silent: &silent });
        let _ = sink.shutdown(Shutdown::Write);
        if copied.is_err() {
            // The sink broke: its sender must hear of it instead of filling a dead connection.
            let _ = source.shutdown(Shutdown::Both);
        }
    })
}

/// The end that a pump writes to, unless the connection has been silenced.
struct Valve<'a> {
    sink: &'a TcpStream,
    silent: &'a AtomicBool,
}

impl Write for Valve<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Relaxed: see `Proxy::silence`.
        if self.silent.load(Ordering::Relaxed) { Ok(bytes.len()) } else { self.sink.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// The wire is consistent after every single step, so a panic elsewhere does not spoil it.
fn lock(wire: &Mutex<Wire>) -> MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}
