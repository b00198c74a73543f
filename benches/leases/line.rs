//! The way to the server, near or far, and how long a round trip takes on it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use lockset_bench::stats::median;
use testbed::{Proxy, Redis};

/// What the far server is away, one way. Of the order of a round trip between data centres of one
/// region, and long enough that the machine's own moods do not show.
pub(crate) const ONE_WAY: Duration = Duration::from_millis(2);

/// As many servers as a quorum has here, of which two may fail.
const MASTERS: usize = 5;

/// A way to servers, as far as the figures have to know it.
pub(crate) trait Way {
    /// A round trip, in seconds: the median of so many questions without any client around them.
    fn rtt(&mut self, pings: usize) -> f64;
    /// A name that no lock of the server has had.
    fn fresh_name(&mut self) -> String;
}

impl Way for Line {
    fn rtt(&mut self, pings: usize) -> f64 {
        Line::rtt(self, pings)
    }

    fn fresh_name(&mut self) -> String {
        Line::fresh_name(self)
    }
}

/// A server of one's own, or several that know nothing of each other, and raw connections to
/// measure the line with.
pub(crate) struct Line {
    servers: Vec<Redis>,
    /// Kept: the lines are cut when they go.
    _proxies: Vec<Proxy>,
    addrs: Vec<SocketAddr>,
    pings: Vec<TcpStream>,
    names: u32,
}

impl Line {
    /// A server that is [`ONE_WAY`] away.
    pub(crate) fn far() -> Self {
        Self::new(1, Some(ONE_WAY))
    }

    /// A server on this machine.
    pub(crate) fn near() -> Self {
        Self::new(1, None)
    }

    /// Masters of a quorum, each [`ONE_WAY`] away by a line of its own.
    pub(crate) fn far_quorum() -> Self {
        Self::new(MASTERS, Some(ONE_WAY))
    }

    /// Masters of a quorum on this machine.
    pub(crate) fn near_quorum() -> Self {
        Self::new(MASTERS, None)
    }

    fn new(count: usize, one_way: Option<Duration>) -> Self {
        let start = |_| Redis::start().unwrap_or_else(|error| panic!("{error}"));
        let servers: Vec<Redis> = (0..count).map(start).collect();
        let mut addrs: Vec<SocketAddr> = servers.iter().map(Redis::addr).collect();
        let lay = |one_way| {
            let wire = |addr: &SocketAddr| Proxy::with_delay(*addr, one_way).expect("a free port");
            addrs.iter().map(wire).collect::<Vec<Proxy>>()
        };
        let proxies = one_way.map(lay).unwrap_or_default();
        if !proxies.is_empty() {
            addrs = proxies.iter().map(Proxy::addr).collect();
        }
        let connect = |addr: &SocketAddr| {
            let ping = TcpStream::connect(addr).expect("the server listens");
            ping.set_nodelay(true).expect("it is a TCP socket");
            ping
        };
        let pings = addrs.iter().map(connect).collect();
        Self { servers, _proxies: proxies, addrs, pings, names: 0 }
    }

    /// What clients connect to; of a quorum, all of them with commas between.
    pub(crate) fn url(&self) -> String {
        let urls: Vec<String> = self.addrs.iter().map(|addr| format!("redis://{addr}")).collect();
        urls.join(",")
    }

    /// The server itself, or the first.
    pub(crate) fn server(&self) -> SocketAddr {
        self.servers[0].addr()
    }

    /// All servers, to be hurt.
    pub(crate) fn servers(&self) -> &[Redis] {
        &self.servers
    }

    /// A name that no lock of the server has had.
    pub(crate) fn fresh_name(&mut self) -> String {
        self.names += 1;
        format!("lock{}", self.names)
    }

    /// A round trip, in seconds: the median of so many PINGs without any client around them, to
    /// one server after the other.
    pub(crate) fn rtt(&mut self, pings: usize) -> f64 {
        let count = self.pings.len();
        let pinged = |nth| ping(&mut self.pings[nth % count]).expect("the server answers");
        median((0..pings).map(pinged))
    }
}

fn ping(server: &mut TcpStream) -> io::Result<f64> {
    let start = Instant::now();
    server.write_all(b"PING\r\n")?;
    server.read_exact(&mut [0; b"+PONG\r\n".len()])?;
    Ok(start.elapsed().as_secs_f64())
}
