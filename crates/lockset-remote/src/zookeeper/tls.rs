//! Which servers are believed, by their certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockset_api::{Error, ErrorKind};
use rustls::pki_types::ServerName;
use zookeeper_client::{Error as ClientError, TlsOptions};

use crate::store::StoreError;
use crate::tls::{choose_cryptography, native_roots, roots};

/// Trusts servers whose certificate one of these has signed (PEM).
pub(super) fn trusting(pem: &[u8]) -> Result<TlsOptions, Error> {
    roots(pem)?;
    // Whatever is no certificate in it is left out, as it is no part of PEM.
    options(&String::from_utf8_lossy(pem))
}

/// Trusts whom the system trusts.
pub(super) fn of_the_system() -> Result<TlsOptions, Error> {
    let found = native_roots()?;
    options(&found.iter().map(|certificate| pem(certificate)).collect::<String>())
}

fn options(pem: &str) -> Result<TlsOptions, Error> {
    choose_cryptography();
    TlsOptions::new().with_pem_ca(pem).map_err(|error| {
        Error::new(ErrorKind::Config, "not certificates that TLS can be spoken with")
            .with_source(error)
    })
}

fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// The client would panic at a host that cannot be in a certificate.
pub(super) fn check_names(hosts: &str) -> Result<(), Error> {
    for host in hosts.split(',') {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let name = name.trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(name).map_err(|error| {
            let why = format!("{name:?} cannot be the name in a server's certificate");
            Error::new(ErrorKind::Config, why).with_source(error)
        })?;
    }
    Ok(())
}

/// Why nobody was connected to: the client does not say what each of them was refused for.
pub(super) fn not_connected(error: ClientError) -> StoreError {
    match error {
        ClientError::NoHosts => StoreError::unreachable(
            "none of its servers answers by TLS with a certificate that is trusted",
        ),
        error => super::fault::not_connected(error),
    }
}
