//! The way to an etcd, near or far, and how long a round trip takes on it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use lockset_bench::stats::median;
use testbed::{Etcd, Proxy};

use crate::line::{ONE_WAY, Way};

/// A server of one's own, and a raw connection to measure the way with.
pub(crate) struct EtcdWay {
    _server: Etcd,
    /// Kept: the lines are cut when it goes.
    _proxy: Option<Proxy>,
    addr: SocketAddr,
    ping: TcpStream,
    names: u32,
}

impl EtcdWay {
    pub(crate) fn far() -> Self {
        Self::new(|addr| Some(Proxy::with_delay(addr, ONE_WAY).expect("a free port")))
    }

    pub(crate) fn near() -> Self {
        Self::new(|_| None)
    }

    fn new(lay: impl FnOnce(SocketAddr) -> Option<Proxy>) -> Self {
        let server = Etcd::start().unwrap_or_else(|error| panic!("{error}"));
        let proxy = lay(server.addr());
        let addr = proxy.as_ref().map_or(server.addr(), Proxy::addr);
        let ping = TcpStream::connect(addr).expect("the server listens");
        ping.set_nodelay(true).expect("it is a TCP socket");
        Self { _server: server, _proxy: proxy, addr, ping, names: 0 }
    }

    pub(crate) fn url(&self) -> String {
        format!("etcd://{}", self.addr)
    }
}

impl Way for EtcdWay {
    /// The median of so many questions that the server answers out of its head.
    fn rtt(&mut self, pings: usize) -> f64 {
        median((0..pings).map(|_| ping(&mut self.ping).expect("the server answers")))
    }

    fn fresh_name(&mut self) -> String {
        self.names += 1;
        format!("lock{}", self.names)
    }
}

fn ping(server: &mut TcpStream) -> io::Result<f64> {
    let start = Instant::now();
    server.write_all(b"GET /version HTTP/1.1\r\nHost: etcd\r\n\r\n")?;
    let mut answer = Vec::new();
    // A short answer, whose body ends with the first closing brace.
    while answer.last() != Some(&b'}') {
        let mut part = [0; 1024];
        match server.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => answer.extend(&part[..read]),
        }
    }
    Ok(start.elapsed().as_secs_f64())
}
