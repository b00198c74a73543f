//! What a server's way costs by itself.

use std::net::SocketAddr;

use lockset_bench_leases::pings::Ping;
use lockset_compare::{Place, Server};

/// No lock: a question to the server and its answer, without any client around it.
pub(crate) struct RoundTrip {
    ping: Ping,
    url: String,
}

impl RoundTrip {
    fn at(url: &str) -> Self {
        let scheme = url.split(':').next().unwrap_or_default();
        let addr: SocketAddr = Server::address(url).parse().expect("an address");
        let ping = Ping::connect(scheme, addr).expect("the server answers");
        Self { ping, url: url.to_owned() }
    }
}

impl lockset_compare::Rival for RoundTrip {
    fn open(place: &Place) -> Self {
        Self::at(&place.url)
    }

    fn another(&self) -> Self {
        Self::at(&self.url)
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        self.ping.ask().expect("the server answers");
        inside()
    }
}
