//! Bells of Linux: sockets in the abstract namespace.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::LazyLock;
use std::time::Duration;

use super::{Reach, Rope};

/// How soon a waiter looks by itself, if the ring was lost or could not be sent: because the one
/// who should have rung was killed just before, or lives in another namespace.
pub(in super::super) const POLL: Duration = Duration::from_millis(100);

/// Which namespace the names of this process are in: its number, as the kernel prints it.
static NAMESPACE: LazyLock<String> = LazyLock::new(|| {
    let link = fs::read_link("/proc/self/ns/net").unwrap_or_default();
    link.to_string_lossy().into_owned()
});

/// A socket to listen at, one to ring it by, and its address.
pub(super) fn hang() -> io::Result<(UnixDatagram, UnixDatagram, String)> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let name = format!("lockset-{:032x}", u128::from_ne_bytes(bytes));
    let address = SocketAddr::from_abstract_name(&name)?;
    let socket = UnixDatagram::bind_addr(&address)?;
    let rope = UnixDatagram::unbound()?;
    rope.connect_addr(&address)?;
    Ok((socket, rope, format!("{}/{name}", *NAMESPACE)))
}

/// Whether the bell of this address can be rung.
pub(in super::super) fn reach(address: &str) -> Reach {
    let Some((namespace, name)) = address.split_once('/') else { return Reach::Unknown };
    if namespace != *NAMESPACE {
        return Reach::Unknown;
    }
    match connect(name) {
        Ok(socket) => Reach::Rope(Rope(socket)),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Reach::Gone,
        Err(_) => Reach::Unknown,
    }
}

fn connect(name: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?;
    Ok(socket)
}
