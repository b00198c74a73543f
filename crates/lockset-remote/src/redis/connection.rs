//! One connection for all locks of a server, made when it is needed and made anew when it broke.

use core::fmt;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, ScriptInvocation,
};
use tokio::sync::Mutex;

use crate::store::StoreError;

/// How long a server may take to accept a connection before it counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an exchange must have been without an answer, when it is given up, for its connection
/// to be given up with it. A server that is there answers in less; a connection that a router has
/// forgotten gives no sign at all.
const SILENCE: Duration = Duration::from_millis(100);

pub(super) struct Connection {
    client: Client,
    /// The connection that worked last.
    current: Mutex<Option<MultiplexedConnection>>,
}

/// What a script answered.
pub(super) struct Answer<T> {
    pub(super) value: T,
    /// Whether the server may have run it twice: once before the connection broke.
    pub(super) repeated: bool,
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        Self { client, current: Mutex::new(None) }
    }

    /// Runs a script, loading it first where the server does not know it yet.
    ///
    /// A connection that had been idle may have broken unnoticed. So the script is run once more on
    /// a new one, and the answer says so.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> Result<Answer<T>, StoreError> {
        let had_one = self.current.lock().await.is_some();
        match self.run_once(call).await {
            Ok(value) => Ok(Answer { value, repeated: false }),
            Err(first) if had_one && first.may_have_acted() => {
                // If this fails as well, it is still the first call whose outcome is not known.
                let again = self.run_once(call).await;
                again.map(|value| Answer { value, repeated: true }).map_err(|_| first)
            }
            Err(error) => Err(error),
        }
    }

    async fn run_once<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connect().await?;
        let mut doubt = Doubt { current: &self.current, since: Some(Instant::now()) };
        let answer = call.invoke_async(&mut connection).await;
        doubt.since = None;
        if let Err(error) = &answer
            && error.is_unrecoverable_error()
        {
            *self.current.lock().await = None;
        }
        answer.map_err(|error| match error.kind() {
            ErrorKind::Io => StoreError::interrupted(error),
            _ => StoreError::refused(error),
        })
    }

    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        let mut current = self.current.lock().await;
        if let Some(connection) = &*current {
            return Ok(connection.clone());
        }
        // The engine limits each exchange; a limit of the client's own would call an answer lost
        // that is merely late.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(None);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let connection = connecting.await.map_err(not_connected)?;
        Ok(current.insert(connection).clone())
    }
}

/// Whoever answers, but does not let us in or is no Redis server, has been reached.
fn not_connected(error: RedisError) -> StoreError {
    match error.kind() {
        ErrorKind::Io => StoreError::unreachable(error),
        _ => StoreError::refused(error),
    }
}

/// An exchange under way; dropped without an answer, it gives up a connection that was silent.
struct Doubt<'a> {
    current: &'a Mutex<Option<MultiplexedConnection>>,
    since: Option<Instant>,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if self.since.is_some_and(|since| since.elapsed() > SILENCE)
            // Whoever has it locked is making a new connection already.
            && let Ok(mut current) = self.current.try_lock()
        {
            *current = None;
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it knows the password.
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
