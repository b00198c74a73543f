//! A ZooKeeper server that speaks TLS.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::ZooKeeper;
use crate::Error;
use crate::certificates::make_certificates;
use crate::port::on_free_ports;

/// A ZooKeeper server with a port for TLS, whose certificate an authority of its own has signed.
/// Clients need no certificate.
///
/// It has a port without TLS too: that of [`ZooKeeperTls::server`].
#[derive(Debug)]
pub struct ZooKeeperTls {
    server: ZooKeeper,
    addr: SocketAddr,
}

impl ZooKeeperTls {
    /// Makes the certificates and starts a server that serves alone.
    ///
    /// # Errors
    ///
    /// As [`ZooKeeper::start`]; [`Error::Missing`] also if `openssl` is not installed.
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|[plain, addr]: [SocketAddr; 2]| {
            let server = ZooKeeper::launch(plain, &["standalone"], |dir| {
                make_certificates(dir)?;
                // It takes both from one file, which it knows by its name.
                let store = dir.join("server.pem");
                let key = fs::read_to_string(dir.join("server.key"))?;
                fs::write(&store, key + &fs::read_to_string(dir.join("server.crt"))?)?;
                Ok(format!(
                    "secureClientPort={}\nsecureClientPortAddress={}\nssl.clientAuth=none\n\
                     serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
                     ssl.keyStore.location={}\n",
                    addr.port(),
                    addr.ip(),
                    store.display(),
                ))
            })?;
            server.wait_ready()?;
            Ok(Self { server, addr })
        })
    }

    /// The URL for a client: `zks://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("zks://{}", self.addr)
    }

    /// The certificate that a client must trust, as a PEM file.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.server.dir().join("authority.crt")
    }

    /// The server, by its port without TLS.
    #[must_use]
    pub fn server(&self) -> &ZooKeeper {
        &self.server
    }
}
