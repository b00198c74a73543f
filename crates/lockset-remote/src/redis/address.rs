//! Where a server is, and how it is spoken to: what a URL says of it.

use lockset_api::{Error, ErrorKind};
use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

/// What the URL of one server says.
pub(super) fn parse(url: &str) -> Result<ConnectionInfo, Error> {
    if url.starts_with("rediss:") && !cfg!(feature = "redis-tls") {
        let why = "built without the feature `redis-tls` of the crate lockset-remote";
        return Err(Error::new(ErrorKind::Unsupported, why));
    }
    #[cfg(feature = "redis-tls")]
    if url.starts_with("rediss:") {
        crate::tls::choose_cryptography();
    }
    let info = url.into_connection_info().map_err(|error| {
        Error::new(ErrorKind::Config, "not the URL of a Redis server").with_source(error)
    })?;
    // The newer protocol is what lets pushes and answers share a connection.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    // A name for the client is one more command to be permitted, and not known before version 7.2.
    let settings = settings.set_skip_set_lib_name();
    // A small command must not wait for the answer to the one before it.
    let tcp = TcpSettings::default().set_nodelay(true);
    Ok(info.set_redis_settings(settings).set_tcp_settings(tcp))
}

/// Another server that is spoken to in the same way.
pub(super) fn at(info: &ConnectionInfo, host: &str, port: u16) -> ConnectionInfo {
    let host = host.to_owned();
    let addr = match info.addr().clone() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure, tls_params }
        }
        _ => ConnectionAddr::Tcp(host, port),
    };
    info.clone().set_addr(addr)
}

/// The host of a server; none for a socket of this machine.
pub(super) fn host(info: &ConnectionInfo) -> &str {
    match info.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
        _ => "",
    }
}

/// The host and port in a server's `HOST:PORT`; the host may be an IPv6 address without brackets.
pub(super) fn split(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    Some((host, port.parse().ok()?))
}

/// Several, for messages.
pub(super) fn list(infos: &[ConnectionInfo]) -> String {
    infos.iter().map(|info| info.addr().to_string()).collect::<Vec<_>>().join(",")
}

/// The scheme, for messages.
pub(super) fn scheme(info: &ConnectionInfo) -> &'static str {
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) { "rediss" } else { "redis" }
}

/// Trusts the server by these certificates alone.
#[cfg(feature = "redis-tls")]
pub(super) fn trust(info: &mut ConnectionInfo, roots: &[u8]) -> Result<(), Error> {
    crate::tls::roots(roots)?;
    let certificates =
        redis::TlsCertificates { client_tls: None, root_cert: Some(roots.to_owned()) };
    let client = redis::Client::build_with_tls(info.clone(), certificates).map_err(|error| {
        Error::new(ErrorKind::Config, "not root certificates for a rediss: URL").with_source(error)
    })?;
    *info = client.get_connection_info().clone();
    Ok(())
}
