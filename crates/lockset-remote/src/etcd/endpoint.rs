//! How a server is connected to, with TLS or without.

use lockset_api::{Error, ErrorKind};
use tonic::transport::Endpoint;

use super::url::Servers;

/// Whom to trust, and who we are, by certificates (PEM).
#[derive(Clone, Debug, Default)]
pub(super) struct Tls {
    #[cfg(feature = "etcd-tls")]
    pub(super) roots: Option<Vec<u8>>,
    #[cfg(feature = "etcd-tls")]
    pub(super) identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// All servers, in the order of the URL.
pub(super) fn all(servers: &Servers, tls: &Tls) -> Result<Vec<Endpoint>, Error> {
    servers.hosts.iter().map(|host| endpoint(servers, host, tls)).collect()
}

fn endpoint(servers: &Servers, host: &str, tls: &Tls) -> Result<Endpoint, Error> {
    let scheme = if servers.is_tls { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{host}")).map_err(|error| {
        let why = format!("{host:?} is no host of etcd");
        Error::new(ErrorKind::Config, why).with_source(error)
    })?;
    secured(endpoint, servers, tls)
}

#[cfg(feature = "etcd-tls")]
fn secured(endpoint: Endpoint, servers: &Servers, tls: &Tls) -> Result<Endpoint, Error> {
    use crate::tls::choose_cryptography;
    use etcd_client::{Certificate, Identity, TlsOptions};

    if !servers.is_tls {
        return Ok(endpoint);
    }
    choose_cryptography();
    let mut options = match &tls.roots {
        Some(roots) => TlsOptions::new().ca_certificate(Certificate::from_pem(roots)),
        None => TlsOptions::new().with_native_roots(),
    };
    if let Some((certificate, key)) = &tls.identity {
        options = options.identity(Identity::from_pem(certificate, key));
    }
    endpoint.tls_config(options).map_err(|error| {
        let why = "not certificates that TLS can be spoken with";
        Error::new(ErrorKind::Config, why).with_source(error)
    })
}

/// Without TLS there is no URL that asks for it.
#[cfg(not(feature = "etcd-tls"))]
fn secured(endpoint: Endpoint, _: &Servers, _: &Tls) -> Result<Endpoint, Error> {
    Ok(endpoint)
}
