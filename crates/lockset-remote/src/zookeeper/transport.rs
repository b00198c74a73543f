//! How the servers are spoken to: as they are, or by TLS.

use lockset_api::Error;
use zookeeper_client::{Client, Connector};

use super::fault::not_connected;
use super::url::Ensemble;
use crate::store::StoreError;

/// The one way to make connections to an ensemble.
pub(super) enum Transport {
    Plain,
    #[cfg(feature = "zookeeper-tls")]
    Tls(zookeeper_client::TlsOptions),
    /// Not at all: the system trusts nobody, and whom to trust instead was not said, or not yet.
    #[cfg(feature = "zookeeper-tls")]
    Nobody(String),
}

impl Transport {
    /// That of a URL; with TLS, whom the system trusts is trusted.
    #[cfg(feature = "zookeeper-tls")]
    pub(super) fn new(ensemble: &Ensemble) -> Result<Self, Error> {
        use super::tls;

        if !ensemble.is_tls {
            return Ok(Self::Plain);
        }
        tls::check_names(&ensemble.hosts)?;
        Ok(match tls::of_the_system() {
            Ok(options) => Self::Tls(options),
            Err(error) => Self::Nobody(format!("{error:?}")),
        })
    }

    #[cfg(not(feature = "zookeeper-tls"))]
    pub(super) fn new(_: &Ensemble) -> Result<Self, Error> {
        Ok(Self::Plain)
    }

    pub(super) async fn connect(
        &self,
        connector: Connector,
        hosts: &str,
    ) -> Result<Client, StoreError> {
        match self {
            Self::Plain => connector.connect(hosts).await.map_err(not_connected),
            #[cfg(feature = "zookeeper-tls")]
            Self::Tls(options) => {
                let connecting = connector.with_tls(options.clone()).secure_connect(hosts);
                connecting.await.map_err(super::tls::not_connected)
            }
            #[cfg(feature = "zookeeper-tls")]
            Self::Nobody(why) => Err(StoreError::refused(why.clone())),
        }
    }
}
