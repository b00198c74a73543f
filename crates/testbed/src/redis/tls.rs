//! A Redis server that speaks TLS.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::Redis;
use crate::Error;
use crate::certificates::make_certificates;
use crate::port::on_free_ports;

/// A Redis server with a TLS port, whose certificate an authority of its own has signed.
///
/// Clients need no certificate. It has a port without TLS too, for the testbed: that of
/// [`RedisTls::server`].
#[derive(Debug)]
pub struct RedisTls {
    server: Redis,
    addr: SocketAddr,
}

impl RedisTls {
    /// Makes the certificates and starts a server without persistence.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`]; [`Error::Missing`] also if `openssl` is not installed.
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|[plain, addr]| {
            let server = Redis::start_at(plain, |dir| {
                make_certificates(dir)?;
                let mut args = vec!["--tls-port".into(), addr.port().to_string().into()];
                for (option, file) in [
                    ("--tls-cert-file", "server.crt"),
                    ("--tls-key-file", "server.key"),
                    ("--tls-ca-cert-file", "authority.crt"),
                ] {
                    args.extend([option.into(), dir.join(file).into()]);
                }
                args.extend(["--tls-auth-clients", "no"].map(OsString::from));
                Ok(args)
            })?;
            Ok(Self { server, addr })
        })
    }

    /// The URL for a client: `rediss://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rediss://{}", self.addr)
    }

    /// The address of the TLS port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The certificate that a client must trust, as a PEM file.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.server.dir().join("authority.crt")
    }

    /// The server, by its port without TLS.
    #[must_use]
    pub fn server(&self) -> &Redis {
        &self.server
    }

    /// The server, to be killed and restarted.
    #[must_use]
    pub fn server_mut(&mut self) -> &mut Redis {
        &mut self.server
    }
}
