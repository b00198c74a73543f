//! The way to the server, near or far, and how long a round trip takes on it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use lockset_bench::stats::median;
use testbed::{Proxy, Redis};

/// What the far server is away, one way. Of the order of a round trip between data centres of one
/// region, and long enough that the machine's own moods do not show.
pub(crate) const ONE_WAY: Duration = Duration::from_millis(2);

/// A server of one's own, and a raw connection to measure the line with.
pub(crate) struct Line {
    server: Redis,
    /// Kept: the line is cut when it goes.
    _proxy: Option<Proxy>,
    addr: SocketAddr,
    ping: TcpStream,
    names: u32,
}

impl Line {
    /// A server that is [`ONE_WAY`] away.
    pub(crate) fn far() -> Self {
        let server = Redis::start().unwrap_or_else(|error| panic!("{error}"));
        let proxy = Proxy::with_delay(server.addr(), ONE_WAY).expect("a free port");
        let addr = proxy.addr();
        Self::new(server, Some(proxy), addr)
    }

    /// A server on this machine.
    pub(crate) fn near() -> Self {
        let server = Redis::start().unwrap_or_else(|error| panic!("{error}"));
        let addr = server.addr();
        Self::new(server, None, addr)
    }

    fn new(server: Redis, proxy: Option<Proxy>, addr: SocketAddr) -> Self {
        let ping = TcpStream::connect(addr).expect("the server listens");
        ping.set_nodelay(true).expect("it is a TCP socket");
        Self { server, _proxy: proxy, addr, ping, names: 0 }
    }

    /// What clients connect to.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.addr)
    }

    /// The server itself.
    pub(crate) fn server(&self) -> SocketAddr {
        self.server.addr()
    }

    /// A name that no lock of the server has had.
    pub(crate) fn fresh_name(&mut self) -> String {
        self.names += 1;
        format!("lock{}", self.names)
    }

    /// A round trip, in seconds: the median of so many PINGs without any client around them.
    pub(crate) fn rtt(&mut self, pings: usize) -> f64 {
        median((0..pings).map(|_| self.ping().expect("the server answers")))
    }

    fn ping(&mut self) -> io::Result<f64> {
        let start = Instant::now();
        self.ping.write_all(b"PING\r\n")?;
        self.ping.read_exact(&mut [0; b"+PONG\r\n".len()])?;
        Ok(start.elapsed().as_secs_f64())
    }
}
