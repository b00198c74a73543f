//! One connection for all locks of a server, made when it is needed and made anew when it broke.

use core::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, ScriptInvocation,
};
use tokio::sync::Mutex;

use crate::store::StoreError;

/// How long a server may take to accept a connection before it counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct Connection {
    client: Client,
    /// The connection that worked last.
    current: Mutex<Option<MultiplexedConnection>>,
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        Self { client, current: Mutex::new(None) }
    }

    /// Runs a script, loading it first where the server does not know it yet.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let mut connection = self.current().await?;
        let answer = call.invoke_async(&mut connection).await;
        if let Err(error) = &answer
            && error.is_unrecoverable_error()
        {
            *self.current.lock().await = None;
        }
        answer.map_err(classify)
    }

    async fn current(&self) -> Result<MultiplexedConnection, StoreError> {
        let mut current = self.current.lock().await;
        if let Some(connection) = &*current {
            return Ok(connection.clone());
        }
        // The engine limits each exchange by the lease's TTL; a limit of the client's own would
        // call an answer lost that is merely late.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(None);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let connection = connecting.await.map_err(StoreError::unreachable)?;
        Ok(current.insert(connection).clone())
    }
}

fn classify(error: RedisError) -> StoreError {
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
            StoreError::interrupted(error)
        }
        _ => StoreError::refused(error),
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it knows the password.
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
