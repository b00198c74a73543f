//! One connection for all locks of a server, made when it is needed and made anew when it broke.
//!
//! Commands, their answers and the server's pushes go by it, all in order.

use core::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lockset_api::{Error, Fence};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, ProtocolVersion, PushInfo, PushKind,
    RedisError, ScriptInvocation, from_redis_value_ref,
};

use super::waiting::{Push, Waiting};
use crate::RequestId;
use crate::store::StoreError;

/// How long a server may take to accept a connection before it counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an exchange must have been without an answer, when it is given up, for its connection
/// to be given up with it. A server that is there answers in less; a connection that a router has
/// forgotten gives no sign at all.
const SILENCE: Duration = Duration::from_millis(100);

pub(super) struct Connection {
    client: Client,
    waiting: Arc<Waiting>,
    /// The one that worked last.
    current: Mutex<Option<Link>>,
    /// Held while a new one is made, so that one is made for all who need it.
    connecting: tokio::sync::Mutex<()>,
}

/// A connection that was made, and the channel by which its pushes come.
#[derive(Clone)]
pub(super) struct Link {
    connection: MultiplexedConnection,
    pub(super) channel: Arc<str>,
    broken: Arc<AtomicBool>,
}

/// What a script answered.
pub(super) struct Answer<T> {
    pub(super) value: T,
    /// Whether the server may have run it twice: once before the connection broke.
    pub(super) repeated: bool,
    /// An instant before it was sent, the last time.
    pub(super) asked: Instant,
}

impl Connection {
    pub(super) fn new(client: &Client, waiting: &Arc<Waiting>) -> Result<Self, Error> {
        let info = client.get_connection_info().clone();
        // The newer protocol is what lets pushes and answers share a connection.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings)).map_err(|error| {
            let why = "not the address of a Redis server";
            Error::new(lockset_api::ErrorKind::Config, why).with_source(error)
        })?;
        Ok(Self {
            client,
            waiting: Arc::clone(waiting),
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        })
    }

    /// Runs a script, loading it first where the server does not know it yet.
    ///
    /// A connection that had been idle may have broken unnoticed. So the script is run once more on
    /// a new one, and the answer says so.
    pub(super) async fn run<'s, T: FromRedisValue>(
        &self,
        call: impl Fn(&Link) -> ScriptInvocation<'s> + Send + Sync,
    ) -> Result<Answer<T>, StoreError> {
        let had_one = self.working().is_some();
        match self.run_once(&call).await {
            Err(first) if had_one && first.may_have_acted() => {
                // If this fails as well, it is still the first call whose outcome is not known.
                let again = self.run_once(&call).await;
                again.map(|answer| Answer { repeated: true, ..answer }).map_err(|_| first)
            }
            answer => answer,
        }
    }

    async fn run_once<'s, T: FromRedisValue>(
        &self,
        call: &(impl Fn(&Link) -> ScriptInvocation<'s> + Send + Sync),
    ) -> Result<Answer<T>, StoreError> {
        let mut link = self.connect().await?;
        let call = call(&link);
        let asked = tokio::time::Instant::now().into_std();
        let mut doubt = Doubt { of: self, link: &link.clone(), since: Some(asked) };
        let answer = call.invoke_async(&mut link.connection).await;
        doubt.since = None;
        if let Err(error) = &answer
            && (error.is_unrecoverable_error() || error.kind() == ErrorKind::Parse)
        {
            self.give_up(&link);
        }
        let value = answer.map_err(|error| match error.kind() {
            // An answer that broke off in the middle is none.
            ErrorKind::Io | ErrorKind::Parse => StoreError::interrupted(error),
            _ => StoreError::refused(error),
        })?;
        Ok(Answer { value, repeated: false, asked })
    }

    /// The connection of now, unless it is known to be broken.
    fn working(&self) -> Option<Link> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: a flag that says no more than itself.
        current.clone().filter(|link| !link.broken.load(Ordering::Relaxed))
    }

    async fn connect(&self) -> Result<Link, StoreError> {
        if let Some(link) = self.working() {
            return Ok(link);
        }
        let _alone = self.connecting.lock().await;
        if let Some(link) = self.working() {
            return Ok(link);
        }
        let link = self.connect_anew().await?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(current.insert(link).clone())
    }

    async fn connect_anew(&self) -> Result<Link, StoreError> {
        let id = RequestId::random().map_err(StoreError::unreachable)?;
        let channel: Arc<str> = format!("lockset:push:{id}").into();
        let broken = Arc::new(AtomicBool::new(false));
        let push = {
            let (waiting, channel, broken) =
                (Arc::clone(&self.waiting), Arc::clone(&channel), Arc::clone(&broken));
            move |info: PushInfo| -> Result<(), core::convert::Infallible> {
                receive(&waiting, &channel, &broken, &info);
                Ok(())
            }
        };
        // The engine limits each exchange; a limit of the client's own would call an answer lost
        // that is merely late.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(None)
            .set_push_sender(push);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await.map_err(not_connected)?;
        let subscribing = connection.subscribe(&*channel);
        let subscribed = tokio::time::timeout(CONNECT_TIMEOUT, subscribing).await;
        subscribed.map_err(StoreError::unreachable)?.map_err(not_connected)?;
        Ok(Link { connection, channel, broken })
    }

    /// Nothing more is sent by this link, and those who wait for news by it are told.
    fn give_up(&self, link: &Link) {
        // Relaxed: see `connect`.
        link.broken.store(true, Ordering::Relaxed);
        self.waiting.disconnect(&link.channel);
    }
}

/// A push, in the task that reads the connection: it must not wait for anything.
fn receive(waiting: &Waiting, channel: &Arc<str>, broken: &AtomicBool, info: &PushInfo) {
    match info.kind {
        PushKind::Message => {
            if let Some((id, push)) = parse(info) {
                waiting.hand_over(id, push, tokio::time::Instant::now().into_std());
            }
        }
        PushKind::Disconnection => {
            // Relaxed: see `Connection::connect`.
            broken.store(true, Ordering::Relaxed);
            waiting.disconnect(channel);
        }
        _ => {}
    }
}

/// The request that was granted the lock, and with what.
fn parse(info: &PushInfo) -> Option<(RequestId, Push)> {
    let text: String = from_redis_value_ref(info.data.get(1)?).ok()?;
    let mut words = text.split(' ');
    let id = words.next()?.parse().ok()?;
    let (fence, micros) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((id, Push { fence: Fence::new(fence), micros }))
}

/// Whoever answers, but does not let us in or is no Redis server, has been reached.
fn not_connected(error: RedisError) -> StoreError {
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse => StoreError::unreachable(error),
        _ => StoreError::refused(error),
    }
}

/// An exchange under way; dropped without an answer, it gives up a connection that was silent.
struct Doubt<'a> {
    of: &'a Connection,
    link: &'a Link,
    since: Option<Instant>,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        let now = tokio::time::Instant::now().into_std();
        if self.since.is_some_and(|since| now.saturating_duration_since(since) > SILENCE) {
            self.of.give_up(self.link);
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it knows the password.
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
