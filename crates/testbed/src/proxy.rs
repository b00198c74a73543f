//! A wire that can be cut, and a long one: a TCP proxy between a client and its server.
//!
//! Killing or pausing a server shows what its clients do when it is gone. A cut wire is worse and
//! more common: both ends live, and each must decide what to believe about the other. What each
//! believes depends on how far their exchange had come, so a cut can be told to wait for a byte;
//! a test measures an exchange with [`Proxy::traffic`] and then cuts it at every step.
//!
//! A long wire makes the figures of a benchmark count round trips: where one takes milliseconds,
//! what the processor did between them no longer shows.

mod cut;
mod direction;
mod lane;
mod link;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cut::Cut;
pub use direction::{Direction, Traffic};
use wire::{Forwarder, Mode, Wire, lock};

/// A TCP proxy on a free loopback port; its connections and its thread end with it.
///
/// # Examples
///
/// A client whose request arrived, and whose reply was lost on its way:
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use testbed::{Direction, Proxy, Redis};
///
/// let redis = Redis::start()?;
/// let proxy = Proxy::start(redis.addr())?;
/// proxy.cut_after(0, Direction::Replies);
///
/// let mut client = TcpStream::connect(proxy.addr())?;
/// client.write_all(b"SET key value\r\n")?;
/// let mut reply = String::new();
/// client.read_to_string(&mut reply).ok();
/// assert_eq!(reply, "");
/// assert_eq!(proxy.traffic()[0].requests, 15);
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    wire: Arc<Mutex<Wire>>,
    forwarder: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy that forwards every connection to `upstream`.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        Self::with_delay(upstream, Duration::ZERO)
    }

    /// The same with a long wire: everything arrives `one_way` after it was sent, in both
    /// directions, in order, and however much is under way already.
    ///
    /// A round trip through it takes twice `one_way` and some 0.1 ms. That a connection is made
    /// takes no time.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub fn with_delay(upstream: SocketAddr, one_way: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let wire = Arc::new(Mutex::new(Wire::new(one_way)));
        let forwarder = Forwarder::new(listener, upstream, Arc::clone(&wire))?;
        let forwarder = thread::Builder::new().name("proxy".into()).spawn(move || forwarder.run());
        Ok(Self { addr, wire, forwarder: Some(forwarder?) })
    }

    /// Makes the wire longer or shorter for what is sent from now on. What one connection has under
    /// way already is not overtaken.
    pub fn delay(&self, one_way: Duration) {
        lock(&self.wire).delay = one_way;
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
        lock(&self.wire).cut_all();
    }

    /// Closes each connection accepted from now on, both ends of it, right after its `bytes`-th
    /// byte in this direction has been forwarded; until [`Proxy::heal`].
    ///
    /// Nothing that is sent later arrives, in either direction. After 0 bytes, the first byte
    /// closes the connection instead of being forwarded.
    pub fn cut_after(&self, bytes: u64, direction: Direction) {
        lock(&self.wire).cut = Some(Cut::after(bytes, direction));
    }

    /// Closes one connection, whichever forwards the `bytes`-th byte from now on in this
    /// direction, right after that byte; the others, and those made later, work.
    ///
    /// This is for clients that keep a connection, and that are to find the server again. After 0
    /// bytes, the next byte closes its connection instead of being forwarded. [`Proxy::heal`] calls
    /// it off.
    pub fn cut_once_after(&self, bytes: u64, direction: Direction) {
        lock(&self.wire).once = Some(Cut::after(bytes, direction));
    }

    /// Whether a [`cut_once_after`](Self::cut_once_after) is still to come.
    ///
    /// A test that cuts an exchange at every step has come to its end where this stays true.
    #[must_use]
    pub fn is_cut_pending(&self) -> bool {
        lock(&self.wire).once.is_some()
    }

    /// What each connection has forwarded so far, the ended ones too, in the order in which they
    /// were made.
    ///
    /// Whatever a client has received is counted. What it has sent is only once it has arrived.
    #[must_use]
    pub fn traffic(&self) -> Vec<Traffic> {
        lock(&self.wire).traffic.clone()
    }

    /// Closes every connection, and every new one at once, until [`Proxy::heal`].
    pub fn sever(&self) {
        self.change(Mode::Severed);
    }

    /// Swallows whatever is sent on the connections of now, which stay open, as behind a router
    /// that has forgotten them; new ones work.
    pub fn silence(&self) {
        lock(&self.wire).silence_all();
    }

    /// Forwards new connections again, and calls off the cuts that have not come yet to those that
    /// are not there yet.
    pub fn heal(&self) {
        let mut wire = lock(&self.wire);
        wire.mode = Mode::Whole;
        wire.cut = None;
        wire.once = None;
    }

    fn change(&self, mode: Mode) {
        let mut wire = lock(&self.wire);
        wire.mode = mode;
        wire.cut_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.change(Mode::Closing);
        // The forwarder waits for events, and a connection is one that wakes it. If none can be
        // made, joining would wait for ever, so the thread is left to the end of the process.
        if TcpStream::connect(self.addr).is_ok()
            && let Some(forwarder) = self.forwarder.take()
        {
            let _ = forwarder.join();
        }
    }
}
