//! Where to connect to: an address, or whichever is the master at the moment.

use redis::{Client, ConnectionInfo};

use super::sentinel::Sentinels;
use crate::store::StoreError;

/// A server that may be at another address tomorrow.
pub(super) enum Whereabouts {
    At(ConnectionInfo),
    /// Asked before each new connection, since that is when it matters.
    Named(Sentinels),
}

impl Whereabouts {
    /// Who is to be connected to now.
    pub(super) async fn client(&self) -> Result<Client, StoreError> {
        let server = match self {
            Self::At(server) => server.clone(),
            Self::Named(sentinels) => sentinels.master().await?,
        };
        Client::open(server).map_err(StoreError::refused)
    }

    /// Changes how all that is spoken to is spoken to.
    #[cfg(feature = "redis-tls")]
    pub(super) fn each(
        &mut self,
        change: &mut dyn FnMut(&mut ConnectionInfo) -> Result<(), lockset_api::Error>,
    ) -> Result<(), lockset_api::Error> {
        match self {
            Self::At(server) => change(server),
            Self::Named(sentinels) => sentinels.each(change),
        }
    }
}
