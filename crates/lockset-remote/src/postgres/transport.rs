//! How a server is spoken to: as it is, or by TLS.

use core::pin::Pin;

use lockset_api::Error;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{CancelToken, Client, Config, NoTls, Socket};

use super::fault::not_connected;
use super::ssl::Ssl;
use crate::store::StoreError;

/// The one way to make connections to a server, also those that end what is under way in others.
pub(super) enum Transport {
    Plain,
    #[cfg(feature = "postgres-tls")]
    Tls(tokio_postgres_rustls::MakeRustlsConnect),
    /// Not at all: the system trusts nobody, and whom to trust instead was not said, or not yet.
    #[cfg(feature = "postgres-tls")]
    Nobody(String),
}

/// What has to run for a connection.
pub(super) type Wire = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Transport {
    #[cfg(feature = "postgres-tls")]
    pub(super) fn new(ssl: &Ssl) -> Result<Self, Error> {
        use super::ssl::{Mode, Roots};

        if ssl.mode == Mode::Disable {
            return Ok(Self::Plain);
        }
        match (super::tls::connector(ssl), &ssl.roots) {
            (Ok(connector), _) => Ok(Self::Tls(connector)),
            (Err(error), Roots::Given(_)) => Err(error),
            (Err(error), Roots::Unsaid | Roots::System) => Ok(Self::Nobody(format!("{error:?}"))),
        }
    }

    /// Whatever needs TLS has been refused with the URL.
    #[cfg(not(feature = "postgres-tls"))]
    pub(super) fn new(_: &Ssl) -> Result<Self, Error> {
        Ok(Self::Plain)
    }

    pub(super) async fn connect(&self, config: &Config) -> Result<(Client, Wire), StoreError> {
        let connected = match self {
            Self::Plain => connect_by(NoTls, config).await,
            #[cfg(feature = "postgres-tls")]
            Self::Tls(tls) => connect_by(tls.clone(), config).await,
            #[cfg(feature = "postgres-tls")]
            Self::Nobody(why) => return Err(StoreError::refused(why.clone())),
        };
        connected.map_err(not_connected)
    }

    pub(super) async fn cancel(&self, token: CancelToken) -> Result<(), StoreError> {
        let cancelled = match self {
            Self::Plain => token.cancel_query(NoTls).await,
            #[cfg(feature = "postgres-tls")]
            Self::Tls(tls) => token.cancel_query(tls.clone()).await,
            #[cfg(feature = "postgres-tls")]
            Self::Nobody(why) => return Err(StoreError::refused(why.clone())),
        };
        cancelled.map_err(StoreError::interrupted)
    }
}

async fn connect_by<T>(tls: T, config: &Config) -> Result<(Client, Wire), tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket, TlsConnect: Send, Stream: Send + 'static> + Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    Ok((client, Box::pin(async move { drop(connection.await) })))
}
