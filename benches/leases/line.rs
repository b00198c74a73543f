//! The way to the server, near or far, and how long a round trip takes on it.

use std::any::Any;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lockset_bench_leases::pings::Ping;
use lockset_compare::stats::median;
use testbed::{Etcd, MariaDb, Postgres, Proxy, Redis, ZooKeeper};

/// What the far server is away, one way. Of the order of a round trip between data centres of one
/// region, and long enough that the machine's own moods do not show.
pub(crate) const ONE_WAY: Duration = Duration::from_millis(2);

/// As many servers as a quorum has here, of which two may fail.
const MASTERS: usize = 5;

/// A server of one's own, or several that know nothing of each other, and raw connections to
/// measure the line with.
pub(crate) struct Line {
    servers: Vec<Redis>,
    /// Another server: kept, since it ends when it goes.
    _other: Option<Box<dyn Any>>,
    /// What stands before and behind the address.
    url: [&'static str; 2],
    /// Kept: the lines are cut when they go.
    _proxies: Vec<Proxy>,
    addrs: Vec<SocketAddr>,
    pings: Vec<Ping>,
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

    /// An etcd server that is [`ONE_WAY`] away.
    pub(crate) fn far_etcd() -> Self {
        Self::etcd(Some(ONE_WAY))
    }

    /// An etcd server on this machine.
    pub(crate) fn near_etcd() -> Self {
        Self::etcd(None)
    }

    fn etcd(one_way: Option<Duration>) -> Self {
        let server = Etcd::start().unwrap_or_else(|error| panic!("{error}"));
        Self::to_other(server.addr(), server, one_way, ["etcd://", ""])
    }

    /// A ZooKeeper server that is [`ONE_WAY`] away.
    pub(crate) fn far_zookeeper() -> Self {
        let server = ZooKeeper::start().unwrap_or_else(|error| panic!("{error}"));
        Self::to_other(server.addr(), server, Some(ONE_WAY), ["zk://", ""])
    }

    /// A MariaDB server that is [`ONE_WAY`] away.
    pub(crate) fn far_mariadb() -> Self {
        let server = MariaDb::start().unwrap_or_else(|error| panic!("{error}"));
        let url = ["mysql://lockset:secret@", "/lockset"];
        Self::to_other(server.addr(), server, Some(ONE_WAY), url)
    }

    /// A PostgreSQL server that is [`ONE_WAY`] away.
    pub(crate) fn far_postgres() -> Self {
        let server = Postgres::start().unwrap_or_else(|error| panic!("{error}"));
        Self::to_other(server.addr(), server, Some(ONE_WAY), ["postgres://postgres@", "/postgres"])
    }

    fn to_other(
        addr: SocketAddr,
        server: impl Any,
        one_way: Option<Duration>,
        url: [&'static str; 2],
    ) -> Self {
        let line = Self::to(Vec::new(), vec![addr], one_way, url);
        Self { _other: Some(Box::new(server)), ..line }
    }

    fn new(count: usize, one_way: Option<Duration>) -> Self {
        let start = |_| Redis::start().unwrap_or_else(|error| panic!("{error}"));
        let servers: Vec<Redis> = (0..count).map(start).collect();
        let addrs = servers.iter().map(Redis::addr).collect();
        Self::to(servers, addrs, one_way, ["redis://", ""])
    }

    fn to(
        servers: Vec<Redis>,
        mut addrs: Vec<SocketAddr>,
        one_way: Option<Duration>,
        url: [&'static str; 2],
    ) -> Self {
        let lay = |one_way| {
            let wire = |addr: &SocketAddr| Proxy::with_delay(*addr, one_way).expect("a free port");
            addrs.iter().map(wire).collect::<Vec<Proxy>>()
        };
        let proxies = one_way.map(lay).unwrap_or_default();
        if !proxies.is_empty() {
            addrs = proxies.iter().map(Proxy::addr).collect();
        }
        let scheme = url[0].split(':').next().unwrap_or_default();
        let connect = |addr: &SocketAddr| Ping::connect(scheme, *addr).expect("the server answers");
        let pings = addrs.iter().map(connect).collect();
        Self { servers, _other: None, url, _proxies: proxies, addrs, pings, names: 0 }
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
        let pinged = |nth: usize| {
            let start = Instant::now();
            self.pings[nth % count].ask().expect("the server answers");
            start.elapsed().as_secs_f64()
        };
        median((0..pings).map(pinged))
    }
}
