//! Free loopback ports for servers that bind theirs by number.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::Error;

/// How often other ports are tried when somebody takes the chosen ones before the server does.
const ATTEMPTS: u32 = 5;

/// How many ports are looked at for one whose companion is free as well.
const LOOKS: u32 = 200;

/// Starts a server on free loopback ports, and on others if somebody was faster.
///
/// A port cannot be reserved for a program that binds it by number, so there is always a moment
/// in which a parallel test may take it.
pub(crate) fn on_free_ports<const N: usize, S>(
    mut start: impl FnMut([SocketAddr; N]) -> Result<S, Error>,
) -> Result<S, Error> {
    retried(|| {
        // All are bound before the first is given up, so that they differ.
        let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let mut addrs = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); N];
        for (addr, listener) in addrs.iter_mut().zip(listeners) {
            *addr = listener?.local_addr()?;
        }
        start(addrs)
    })
}

/// The same with one port that has a companion, `offset` above it, which is free as well.
pub(crate) fn on_free_port_pair<S>(
    offset: u16,
    mut start: impl FnMut(SocketAddr) -> Result<S, Error>,
) -> Result<S, Error> {
    retried(|| start(with_companion(offset)?))
}

fn with_companion(offset: u16) -> io::Result<SocketAddr> {
    // They stay bound, so that each look is at another one.
    let mut refused = Vec::new();
    for _ in 0..LOOKS {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let companion = addr.port().checked_add(offset);
        if companion.is_some_and(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return Ok(addr);
        }
        refused.push(listener);
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free pair of ports was found"))
}

fn retried<S>(mut attempt: impl FnMut() -> Result<S, Error>) -> Result<S, Error> {
    let mut attempts = 1;
    loop {
        match attempt() {
            Err(Error::NotReady { log, .. })
                if attempts < ATTEMPTS && log.to_lowercase().contains("address already in use") =>
            {
                attempts += 1;
            }
            result => return result,
        }
    }
}
