//! One connection for all locks of a server, made when it is needed and made anew when it broke.
//!
//! Commands, their answers and the server's pushes go by it, all in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lockset_api::Fence;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, FromRedisValue, PushInfo, PushKind, RedisResult,
    from_redis_value_ref,
};
use tokio::sync::Mutex as AsyncMutex;

use super::call::{Call, Manner};
use super::fault::{failed, is_demoted, not_connected};
use super::waiting::{Push, Waiting};
use super::whereabouts::Whereabouts;
use crate::RequestId;
use crate::store::StoreError;

/// How long a server may take to accept a connection before it counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an exchange must have been without an answer, when it is given up, for its connection
/// to be given up with it. A server that is there answers in less; a connection that a router has
/// forgotten gives no sign at all.
const SILENCE: Duration = Duration::from_millis(100);

pub(super) struct Connection {
    server: Whereabouts,
    waiting: Arc<Waiting>,
    /// The one that worked last.
    current: Mutex<Option<Link>>,
    /// Held while a new one is made, so that one is made for all who need it.
    connecting: AsyncMutex<()>,
}

/// A connection that was made, and the channel by which its pushes come.
#[derive(Clone)]
struct Link {
    connection: MultiplexedConnection,
    wire: Arc<Wire>,
}

/// What is known of a connection besides what it sends.
pub(super) struct Wire {
    pub(super) channel: Arc<str>,
    broken: AtomicBool,
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
    pub(super) fn new(server: Whereabouts, waiting: &Arc<Waiting>) -> Self {
        let (current, connecting) = (Mutex::default(), AsyncMutex::default());
        Self { server, waiting: Arc::clone(waiting), current, connecting }
    }

    #[cfg(feature = "redis-tls")]
    pub(super) fn server_mut(&mut self) -> &mut Whereabouts {
        &mut self.server
    }

    /// Runs a script.
    ///
    /// A connection that had been idle may have broken unnoticed, or its server may not be the
    /// master any more. So the script is run once more on a new one, and the answer says so.
    ///
    /// What is seldom is boxed: else each exchange would have room for it, several times over.
    pub(super) async fn run<'s, T: FromRedisValue>(
        &self,
        manner: Manner,
        call: &(impl Fn(&Wire) -> Call<'s> + Send + Sync),
    ) -> Result<Answer<T>, StoreError> {
        let (link, had_one) = match self.working() {
            Some(link) => (link, true),
            None => (Box::pin(self.connect()).await?, false),
        };
        let first = match self.run_once(link, manner, call).await {
            Err(first) if had_one && (first.may_have_acted() || is_demoted(&first)) => first,
            answer => return answer,
        };
        let again = async { self.run_once(self.connect().await?, manner, call).await };
        match Box::pin(again).await {
            Ok(answer) => Ok(Answer { repeated: first.may_have_acted(), ..answer }),
            // Then it is still the first call whose outcome is not known.
            Err(_) if first.may_have_acted() => Err(first),
            Err(again) => Err(again),
        }
    }

    async fn run_once<'s, T: FromRedisValue>(
        &self,
        Link { mut connection, wire }: Link,
        manner: Manner,
        call: &(impl Fn(&Wire) -> Call<'s> + Send + Sync),
    ) -> Result<Answer<T>, StoreError> {
        let call = call(&wire);
        let asked = now();
        let value = self.seen(&wire, asked, call.run(&mut connection, manner)).await?;
        Ok(Answer { value, repeated: false, asked })
    }

    /// Runs a command that changes nothing.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let Link { mut connection, wire } = self.connect().await?;
        self.seen(&wire, now(), command.query_async(&mut connection)).await
    }

    /// An exchange whose outcome says whether its connection is of any further use.
    async fn seen<T>(
        &self,
        wire: &Wire,
        asked: Instant,
        exchange: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, StoreError> {
        let mut doubt = Doubt { of: self, wire, since: Some(asked) };
        let answer = exchange.await;
        doubt.since = None;
        answer.map_err(|error| {
            let is_broken = error.is_unrecoverable_error() || error.kind() == ErrorKind::Parse;
            let error = failed(error);
            if is_broken || is_demoted(&error) {
                self.give_up(wire);
            }
            error
        })
    }

    /// Has those who wait for news by this connection look for themselves: what they wait for may
    /// be elsewhere by now.
    pub(super) fn stir(&self) {
        if let Some(link) = &*self.current() {
            self.waiting.disconnect(&link.wire.channel);
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Link>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> Option<Link> {
        self.current().as_ref().filter(|link| link.works()).cloned()
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
        Ok(self.current().insert(link).clone())
    }

    async fn connect_anew(&self) -> Result<Link, StoreError> {
        let id = RequestId::random().map_err(StoreError::unreachable)?;
        let channel: Arc<str> = format!("lockset:push:{id}").into();
        let wire = Arc::new(Wire { channel, broken: AtomicBool::new(false) });
        let push = {
            let (waiting, wire) = (Arc::clone(&self.waiting), Arc::clone(&wire));
            move |info: PushInfo| -> Result<(), core::convert::Infallible> {
                receive(&waiting, &wire, &info);
                Ok(())
            }
        };
        // The engine limits each exchange; a limit of the client's own would call an answer lost
        // that is merely late.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(None)
            .set_push_sender(push);
        let client = self.server.client().await?;
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await.map_err(not_connected)?;
        let subscribing = connection.subscribe(&*wire.channel);
        let subscribed = tokio::time::timeout(CONNECT_TIMEOUT, subscribing).await;
        subscribed.map_err(StoreError::unreachable)?.map_err(not_connected)?;
        Ok(Link { connection, wire })
    }

    /// Nothing more is sent by this link, and those who wait for news by it are told.
    fn give_up(&self, wire: &Wire) {
        // Relaxed: see `Link::works`.
        wire.broken.store(true, Ordering::Relaxed);
        self.waiting.disconnect(&wire.channel);
    }
}

impl Link {
    fn works(&self) -> bool {
        // Relaxed: a flag that says no more than itself.
        !self.wire.broken.load(Ordering::Relaxed)
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A push, in the task that reads the connection: it must not wait for anything.
fn receive(waiting: &Waiting, wire: &Wire, info: &PushInfo) {
    match info.kind {
        PushKind::Message => {
            if let Some((id, push)) = parse(info) {
                waiting.hand_over(id, &wire.channel, push, now());
            }
        }
        PushKind::Disconnection => {
            // Relaxed: see `Link::works`.
            wire.broken.store(true, Ordering::Relaxed);
            waiting.disconnect(&wire.channel);
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

/// An exchange under way; dropped without an answer, it gives up a connection that was silent.
struct Doubt<'a> {
    of: &'a Connection,
    wire: &'a Wire,
    since: Option<Instant>,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if self.since.is_some_and(|since| now().saturating_duration_since(since) > SILENCE) {
            self.of.give_up(self.wire);
        }
    }
}
