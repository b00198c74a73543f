//! Who the master is, by the word of sentinels.

use std::collections::HashMap;
use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, ConnectionInfo};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::address;
use super::fault::not_connected;
use crate::store::StoreError;

/// How long a sentinel may take to answer. The others are asked at the same time, so it matters
/// only where they do not agree without it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Sentinels that watch over the same master.
#[derive(Clone)]
pub(super) struct Sentinels {
    pub(super) sentinels: Vec<ConnectionInfo>,
    /// How the master is spoken to; its host is the name by which the sentinels know it.
    pub(super) master: ConnectionInfo,
}

type Place = Option<(String, u16)>;

impl Sentinels {
    /// Where the master is, as most of the sentinels say: one that was cut off from the others may
    /// still name the one before.
    pub(super) async fn master(&self) -> Result<ConnectionInfo, StoreError> {
        let name = address::host(&self.master).to_owned();
        let mut asked = JoinSet::new();
        for sentinel in &self.sentinels {
            asked.spawn(place(sentinel.clone(), name.clone()));
        }
        let (mut named, mut knows_none, mut failure) = (HashMap::new(), false, None);
        while let Some(answer) = asked.join_next().await {
            match answer.map_err(StoreError::unreachable).and_then(|answer| answer) {
                Ok(Some(place)) => {
                    let votes: &mut usize = named.entry(place.clone()).or_default();
                    *votes += 1;
                    if *votes * 2 > self.sentinels.len() {
                        return Ok(self.at(&place));
                    }
                }
                Ok(None) => knows_none = true,
                Err(error) => failure = Some(error),
            }
        }
        if let Some((place, _)) = named.into_iter().max_by_key(|(_, votes)| *votes) {
            return Ok(self.at(&place));
        }
        match failure {
            Some(failure) if !knows_none => Err(failure),
            _ => Err(StoreError::refused(format!("no sentinel knows a master called {name:?}"))),
        }
    }

    fn at(&self, (host, port): &(String, u16)) -> ConnectionInfo {
        address::at(&self.master, host, *port)
    }

    #[cfg(feature = "redis-tls")]
    pub(super) fn each(
        &mut self,
        change: &mut dyn FnMut(&mut ConnectionInfo) -> Result<(), lockset_api::Error>,
    ) -> Result<(), lockset_api::Error> {
        self.sentinels.iter_mut().chain([&mut self.master]).try_for_each(change)
    }
}

/// Where one sentinel says that the master is.
async fn place(sentinel: ConnectionInfo, name: String) -> Result<Place, StoreError> {
    let client = Client::open(sentinel).map_err(StoreError::refused)?;
    let asked = async {
        // The limit is ours.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut question = redis::cmd("SENTINEL");
        question.arg("get-master-addr-by-name").arg(name);
        question.query_async(&mut connection).await
    };
    let answer = timeout(PATIENCE, asked).await.map_err(StoreError::unreachable)?;
    answer.map_err(not_connected)
}
