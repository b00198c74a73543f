//! Which servers are believed, by their certificates.

use std::sync::Arc;

use lockset_api::Error;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::ssl::{Mode, Roots, Ssl};
use crate::tls::{choose_cryptography, native_roots};

/// What the protocol is called in a handshake: a server that expects TLS at once insists on it.
const PROTOCOL: &[u8] = b"postgresql";

pub(super) fn connector(ssl: &Ssl) -> Result<MakeRustlsConnect, Error> {
    choose_cryptography();
    let roots = match &ssl.roots {
        Roots::Unsaid if ssl.mode < Mode::VerifyFull => None,
        Roots::Unsaid | Roots::System => Some(of_the_system()?),
        Roots::Given(pem) => Some(crate::tls::roots(pem)?),
    };
    let builder = ClientConfig::builder();
    let builder = match roots {
        Some(roots) if ssl.mode == Mode::VerifyFull => builder.with_root_certificates(roots),
        roots => {
            let algorithms = builder.crypto_provider().signature_verification_algorithms;
            let any_name = Arc::new(AnyName { roots, algorithms });
            builder.dangerous().with_custom_certificate_verifier(any_name)
        }
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn of_the_system() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    // Some that it has may be of a kind that is not known here.
    roots.add_parsable_certificates(native_roots()?);
    Ok(roots)
}

/// Believes a server of any name: whose certificate these roots have signed, or whoever it is.
///
/// That is what `sslmode=verify-ca` and `sslmode=require` mean. What is signed in the handshake is
/// checked all the same, so that nobody can be in between who has not a key of its own.
#[derive(Debug)]
struct AnyName {
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(certificate)?;
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
