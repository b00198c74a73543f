//! A MariaDB server that speaks TLS.

use std::ffi::OsString;
use std::path::PathBuf;

use super::MariaDb;
use crate::Error;
use crate::certificates::make_certificates;
use crate::port::on_free_ports;

/// A MariaDB server that speaks TLS to clients that ask for it, with a certificate that an
/// authority of its own has signed. Clients need no certificate.
#[derive(Debug)]
pub struct MariaDbTls {
    server: MariaDb,
}

impl MariaDbTls {
    /// Makes the certificates and starts a server.
    ///
    /// # Errors
    ///
    /// As [`MariaDb::start`]; [`Error::Missing`] also if `openssl` is not installed.
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|[addr]| {
            let server = MariaDb::start_at(addr, |dir| {
                make_certificates(dir)?;
                let path = |(option, file)| {
                    let mut arg = OsString::from(option);
                    arg.push(dir.join(file));
                    arg
                };
                Ok([("--ssl-cert=", "server.crt"), ("--ssl-key=", "server.key")].map(path).into())
            })?;
            Ok(Self { server })
        })
    }

    /// The URL for a client that has to speak TLS:
    /// `mysql://lockset:secret@127.0.0.1:PORT/lockset?require_ssl=true`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}?require_ssl=true", self.server.url())
    }

    /// The certificate that a client must trust, as a PEM file.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.server.dir().join("authority.crt")
    }

    /// The server, without TLS.
    #[must_use]
    pub fn server(&self) -> &MariaDb {
        &self.server
    }
}
