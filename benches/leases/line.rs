//! The way to the server, near or far, and how long a round trip takes on it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use lockset_bench::stats::median;
use testbed::{MariaDb, Proxy, Redis, ZooKeeper};

/// What the far server is away, one way. Of the order of a round trip between data centres of one
/// region, and long enough that the machine's own moods do not show.
pub(crate) const ONE_WAY: Duration = Duration::from_millis(2);

/// As many servers as a quorum has here, of which two may fail.
const MASTERS: usize = 5;

/// A server of one's own, or several that know nothing of each other, and raw connections to
/// measure the line with.
pub(crate) struct Line {
    servers: Vec<Redis>,
    /// Kept: it ends when it goes.
    _zookeeper: Option<ZooKeeper>,
    /// Likewise.
    _mariadb: Option<MariaDb>,
    /// What stands before and behind the address.
    url: [&'static str; 2],
    ping: fn(&mut TcpStream) -> io::Result<()>,
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

    /// A ZooKeeper server that is [`ONE_WAY`] away.
    pub(crate) fn far_zookeeper() -> Self {
        let server = ZooKeeper::start().unwrap_or_else(|error| panic!("{error}"));
        let line = Self::to(Vec::new(), vec![server.addr()], Some(ONE_WAY));
        let url = ["zk://", ""];
        let mut line = Self { url, ping: heartbeat, _zookeeper: Some(server), ..line };
        line.pings.iter_mut().for_each(|ping| greet(ping).expect("the server answers"));
        line
    }

    /// A MariaDB server that is [`ONE_WAY`] away.
    pub(crate) fn far_mariadb() -> Self {
        let server = MariaDb::start().unwrap_or_else(|error| panic!("{error}"));
        let line = Self::to(Vec::new(), vec![server.addr()], Some(ONE_WAY));
        let url = ["mysql://lockset:secret@", "/lockset"];
        let mut line = Self { url, ping: com_ping, _mariadb: Some(server), ..line };
        line.pings.iter_mut().for_each(|ping| log_in(ping).expect("the server answers"));
        line
    }

    fn new(count: usize, one_way: Option<Duration>) -> Self {
        let start = |_| Redis::start().unwrap_or_else(|error| panic!("{error}"));
        let servers: Vec<Redis> = (0..count).map(start).collect();
        let addrs = servers.iter().map(Redis::addr).collect();
        Self::to(servers, addrs, one_way)
    }

    fn to(servers: Vec<Redis>, mut addrs: Vec<SocketAddr>, one_way: Option<Duration>) -> Self {
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
        let ping = ping as fn(&mut TcpStream) -> io::Result<()>;
        let (url, names) = (["redis://", ""], 0);
        let (_zookeeper, _mariadb, _proxies) = (None, None, proxies);
        Self { servers, _zookeeper, _mariadb, url, ping, _proxies, addrs, pings, names }
    }

    /// What clients connect to; of a quorum, all of them with commas between.
    pub(crate) fn url(&self) -> String {
        let [before, behind] = self.url;
        let url = |addr: &SocketAddr| format!("{before}{addr}{behind}");
        let urls: Vec<String> = self.addrs.iter().map(url).collect();
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
        let pinged = |nth| {
            let start = Instant::now();
            (self.ping)(&mut self.pings[nth % count]).expect("the server answers");
            start.elapsed().as_secs_f64()
        };
        median((0..pings).map(pinged))
    }
}

fn ping(server: &mut TcpStream) -> io::Result<()> {
    server.write_all(b"PING\r\n")?;
    server.read_exact(&mut [0; b"+PONG\r\n".len()])
}

/// Begins a session of two minutes with a ZooKeeper server: a length, and so many bytes of numbers
/// of which but one is zero, or which are empty. The answer has 41.
fn greet(server: &mut TcpStream) -> io::Result<()> {
    let mut request = [0; 49];
    request[3] = 45;
    request[16..20].copy_from_slice(&120_000_i32.to_be_bytes());
    // The length of a password of no meaning.
    request[31] = 16;
    server.write_all(&request)?;
    server.read_exact(&mut [0; 41])
}

/// The ping of a ZooKeeper client.
fn heartbeat(server: &mut TcpStream) -> io::Result<()> {
    let [length, number, ping] = [8_i32, -2, 11].map(i32::to_be_bytes);
    server.write_all(&[length, number, ping].concat())?;
    server.read_exact(&mut [0; 20])
}

/// Begins a session of MariaDB's administrator, who has no password: how we speak (the protocol of
/// version 4.1, which the third number is of), how much at most, in which characters, and who.
fn log_in(server: &mut TcpStream) -> io::Result<()> {
    packet(server)?;
    let mut answer = vec![0; 36];
    answer[4..8].copy_from_slice(&0x0000_8200_u32.to_le_bytes());
    answer[8..12].copy_from_slice(&0x0100_0000_u32.to_le_bytes());
    answer[12] = 45;
    answer.extend_from_slice(b"root\0\0");
    answer[0] = u8::try_from(answer.len() - 4).unwrap_or(u8::MAX);
    answer[3] = 1;
    server.write_all(&answer)?;
    match packet(server)?.first() {
        Some(0) => Ok(()),
        said => Err(io::Error::other(format!("not let in: {said:?}"))),
    }
}

/// The ping of a MySQL client.
fn com_ping(server: &mut TcpStream) -> io::Result<()> {
    server.write_all(&[1, 0, 0, 0, 0x0e])?;
    packet(server).map(drop)
}

/// What comes in one packet of MySQL's: its length, its number, and so many bytes.
fn packet(server: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    server.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
    let mut body = vec![0; length as usize];
    server.read_exact(&mut body)?;
    Ok(body)
}
