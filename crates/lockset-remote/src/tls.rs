//! What all clients that speak TLS need of it: an implementation, and certificates.

use lockset_api::{Error, ErrorKind};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, pem::PemObject};

/// Where a program has more than one implementation built in, rustls panics unless one of them was
/// chosen. The program's choice stands, if it has made one.
pub(crate) fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
}

/// Those who sign certificates, from a text (PEM): at least one, since the clients take a text
/// without any for one that trusts nobody.
pub(crate) fn roots(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| refuse(DAMAGED).with_source(error))?;
    }
    Ok(roots)
}

/// The certificates in a text, of which there is at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| refuse(DAMAGED).with_source(error))?;
    if read.is_empty() {
        return Err(refuse("no certificate at all, where some are to be in PEM"));
    }
    Ok(read)
}

/// The certificates of those whom the system trusts.
#[cfg(any(feature = "postgres-tls", feature = "zookeeper-tls"))]
pub(crate) fn native_roots() -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = rustls_native_certs::load_native_certs();
    if !found.certs.is_empty() {
        return Ok(found.certs);
    }
    let error = refuse("the system has no certificates of whom it trusts: name some of your own");
    Err(match found.errors.into_iter().next() {
        Some(cause) => error.with_source(cause),
        None => error,
    })
}

const DAMAGED: &str = "a certificate is damaged";

fn refuse(why: &str) -> Error {
    Error::new(ErrorKind::Config, why)
}
