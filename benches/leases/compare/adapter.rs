//! The rivals of this package, as the comparison wants them: for a thread that waits.

use std::net::SocketAddr;

use lockset_api::block_on;
use lockset_compare::{Place, Server};
use tokio::runtime::{Builder, Runtime};

use crate::pings::Ping;
use crate::rival::Rival;

/// A rival and the runtime of its thread; one that blocks its thread has none.
pub(crate) struct Adapted<R> {
    runtime: Option<Runtime>,
    rival: R,
    url: String,
    name: String,
}

impl<R: Rival> Adapted<R> {
    fn at(url: String, name: String) -> Self {
        let start = || Builder::new_current_thread().enable_all().build().expect("it starts");
        let runtime = (!R::KIND.blocks).then(start);
        let rival = wait(runtime.as_ref(), R::open(&url, &name));
        Self { runtime, rival, url, name }
    }
}

fn wait<T>(runtime: Option<&Runtime>, work: impl Future<Output = T>) -> T {
    match runtime {
        Some(runtime) => runtime.block_on(work),
        None => block_on(work),
    }
}

impl<R: Rival + Send> lockset_compare::Rival for Adapted<R> {
    fn open(place: &Place) -> Self {
        Self::at(place.url.clone(), place.name.clone())
    }

    fn another(&self) -> Self {
        Self::at(self.url.clone(), self.name.clone())
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let held = wait(self.runtime.as_ref(), self.rival.lock());
        let done = inside();
        wait(self.runtime.as_ref(), self.rival.unlock(held));
        done
    }
}

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
