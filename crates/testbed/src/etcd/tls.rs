//! An etcd server that speaks TLS.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Etcd, Member};
use crate::Error;
use crate::certificates::make_certificates;
use crate::port::on_free_ports;

/// An etcd server that speaks TLS to its clients, with a certificate that an authority of its own
/// has signed. Clients need no certificate.
#[derive(Debug)]
pub struct EtcdTls {
    server: Etcd,
}

impl EtcdTls {
    /// Makes the certificates and starts a server.
    ///
    /// # Errors
    ///
    /// As [`Etcd::start`]; [`Error::Missing`] also if `openssl` is not installed.
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|[addr, peer, health]: [SocketAddr; 3]| {
            let member = Member { scheme: "https", ..Member::alone(addr, peer) };
            let server = Etcd::launch(&member, |dir| {
                make_certificates(dir)?;
                let health = format!("http://{health}");
                let mut args: Vec<OsString> = vec!["--listen-metrics-urls".into(), health.into()];
                for (option, file) in [("--cert-file", "server.crt"), ("--key-file", "server.key")]
                {
                    args.extend([option.into(), dir.join(file).into()]);
                }
                Ok(args)
            })?;
            let server = Etcd { health, ..server };
            server.wait_ready()?;
            Ok(Self { server })
        })
    }

    /// The URL for a client: `etcds://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("etcds://{}", self.server.addr)
    }

    /// The certificate that a client must trust, as a PEM file.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.server.dir().join("authority.crt")
    }
}
