//! A PostgreSQL server that speaks TLS.

use std::path::PathBuf;

use super::{Postgres, install};
use crate::Error;
use crate::certificates::make_certificates;
use crate::port::on_free_ports;

/// A PostgreSQL server that speaks TLS to clients that ask for it, with a certificate that an
/// authority of its own has signed. Clients need no certificate.
#[derive(Debug)]
pub struct PostgresTls {
    server: Postgres,
}

impl PostgresTls {
    /// Makes the certificates and starts a server.
    ///
    /// # Errors
    ///
    /// As [`Postgres::start`]; [`Error::Missing`] also if `openssl` is not installed.
    pub fn start() -> Result<Self, Error> {
        // Paths of the settings start in the directory of the data.
        let settings = ["ssl=on", "ssl_cert_file=../server.crt", "ssl_key_file=../server.key"];
        on_free_ports(|[addr]| {
            let server = Postgres::start_at(addr, &settings, |dir| {
                make_certificates(dir)?;
                // It refuses a key that others could read.
                install::give(&dir.join("server.key"))
            })?;
            Ok(Self { server })
        })
    }

    /// The URL for a client that has to speak TLS, whoever the server is:
    /// `postgres://postgres@127.0.0.1:PORT/postgres?sslmode=require`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}?sslmode=require", self.server.url())
    }

    /// The certificate that a client must trust, as a PEM file.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.server.dir().join("authority.crt")
    }

    /// The server, without TLS.
    #[must_use]
    pub fn server(&self) -> &Postgres {
        &self.server
    }
}
