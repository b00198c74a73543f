//! One connection for all locks, to one of the servers at a time: made when it is needed, and made
//! anew, to the next server, when it broke or was silent.
//!
//! The client's own balancing would send every third request to a server that has stopped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use etcd_client::{Channel, Client, ConnectOptions};
use lockset_api::{Error, ErrorKind};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::timeout;
use tonic::transport::Endpoint;

use super::endpoint::{self, Tls};
use super::fault::{failed, is_login_over, not_let_in};
use super::flag::Flag;
use super::url::Servers;
use crate::engine::now;
use crate::store::{Op, StoreError};

/// How long a server may take to accept a connection before it counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an exchange may take where there is another server to ask: several times what a write
/// to a slow disk takes. A cluster that has just lost its leader is silent for longer, and then it
/// does not matter who is asked.
const ASK_ANOTHER: Duration = Duration::from_secs(1);

/// How long a connection must have been silent to what was asked on it, when an exchange is given
/// up, for it to be given up as well. A router that has forgotten it gives no sign at all.
const SILENCE: Duration = Duration::from_millis(100);

pub(super) struct Connection {
    user: Option<(String, String)>,
    endpoints: Vec<Endpoint>,
    current: Mutex<Current>,
    /// Held while a new one is made, so that one is made for all who need it.
    connecting: AsyncMutex<()>,
}

struct Current {
    /// The connection that worked last.
    link: Option<Arc<Link>>,
    /// Which server comes next.
    next: usize,
}

/// A connection that was made.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) broken: Flag,
    silence: Mutex<Silence>,
}

/// How long a server has been silent to what it was asked, since it answered last.
///
/// All exchanges count together: each by itself may be given up after a moment, where a TTL is
/// short.
struct Silence {
    /// Up to when it is known.
    until: Instant,
    lasted: Duration,
}

/// What was answered.
pub(super) struct Answer<T> {
    pub(super) value: T,
    /// Whether it may have been done twice: once before the connection broke.
    pub(super) repeated: bool,
}

impl Connection {
    pub(super) fn new(servers: Servers, tls: &Tls) -> Result<Self, Error> {
        let endpoints = endpoint::all(&servers, tls)?;
        // Anywhere, so that not every client of a cluster is the first server's.
        let mut random = [0];
        getrandom::fill(&mut random).map_err(|error| {
            Error::new(ErrorKind::Other, "the system gives no random numbers").with_source(error)
        })?;
        let current = Mutex::new(Current { link: None, next: random[0].into() });
        Ok(Self { user: servers.user, endpoints, current, connecting: AsyncMutex::default() })
    }

    /// Does what may be done twice: on the connection that is there, and where that fails without
    /// a word from the server, on new ones, until all servers have been asked.
    pub(super) async fn run<'a, T>(
        &self,
        exchange: impl Fn(Arc<Link>) -> Op<'a, T>,
    ) -> Result<Answer<T>, StoreError> {
        let mut first = None;
        // A connection that had been idle may have broken unnoticed.
        let tries = self.endpoints.len() + usize::from(self.has_one());
        for _ in 1..tries {
            match self.run_once(&exchange).await {
                Err(error) if !error.is_refusal() => {
                    // What the server may have done is what has to be told in the end.
                    if error.may_have_acted() {
                        first.get_or_insert(error);
                    }
                }
                answer => return answer.map(|value| Answer { value, repeated: first.is_some() }),
            }
        }
        match (self.run_once(&exchange).await, first) {
            (Ok(value), first) => Ok(Answer { value, repeated: first.is_some() }),
            (Err(_), Some(first)) => Err(first),
            (Err(last), None) => Err(last),
        }
    }

    async fn run_once<'a, T>(
        &self,
        exchange: impl Fn(Arc<Link>) -> Op<'a, T>,
    ) -> Result<T, StoreError> {
        let link = self.connect().await?;
        let heard = link.while_heard(exchange(Arc::clone(&link)));
        if self.endpoints.len() == 1 {
            return heard.await;
        }
        match timeout(ASK_ANOTHER, heard).await {
            Ok(answer) => answer,
            Err(silent) => {
                link.broken.set();
                Err(StoreError::interrupted(silent))
            }
        }
    }

    /// The connection for what takes its time, such as a watch.
    pub(super) async fn link(&self) -> Result<Arc<Link>, StoreError> {
        self.connect().await
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_one(&self) -> bool {
        self.working().is_some()
    }

    fn working(&self) -> Option<Arc<Link>> {
        self.current().link.as_ref().filter(|link| !link.broken.is_set()).cloned()
    }

    async fn connect(&self) -> Result<Arc<Link>, StoreError> {
        if let Some(link) = self.working() {
            return Ok(link);
        }
        let _alone = self.connecting.lock().await;
        if let Some(link) = self.working() {
            return Ok(link);
        }
        let endpoint = {
            let mut current = self.current();
            let turn = current.next % self.endpoints.len();
            // Whatever becomes of this one: when it is of no use, it is the next one's turn.
            current.next = turn + 1;
            &self.endpoints[turn]
        };
        let link = timeout(CONNECT_TIMEOUT, self.connect_to(endpoint)).await;
        let link = Arc::new(link.map_err(StoreError::unreachable)??);
        self.current().link = Some(Arc::clone(&link));
        Ok(link)
    }

    async fn connect_to(&self, endpoint: &Endpoint) -> Result<Link, StoreError> {
        let channel = endpoint.connect().await.map_err(StoreError::unreachable)?;
        let mut options = ConnectOptions::new();
        if let Some((user, password)) = &self.user {
            options = options.with_user(user, password).with_auto_token_refresh(true);
        }
        let client = Client::from_channel(Channel::Tonic(channel), Some(options)).await;
        let client = client.map_err(not_let_in)?;
        Ok(Link { client, broken: Flag::default(), silence: Mutex::new(Silence::none()) })
    }
}

impl Link {
    /// An exchange whose outcome says whether its connection is of any further use.
    async fn while_heard<T>(&self, exchange: Op<'_, T>) -> Result<T, StoreError> {
        let mut doubt = Doubt { link: self, since: Some(now()) };
        let answer = exchange.await;
        doubt.since = None;
        match &answer {
            Err(error) if !error.is_refusal() || is_login_over(error) => self.broken.set(),
            _ => *self.silence() = Silence::none(),
        }
        answer
    }

    fn silence(&self) -> MutexGuard<'_, Silence> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Silence {
    fn none() -> Self {
        Self { until: now(), lasted: Duration::ZERO }
    }

    /// An exchange that began then is given up now, without an answer.
    fn add(&mut self, since: Instant) -> Duration {
        let now = now();
        self.lasted += now.saturating_duration_since(since.max(self.until));
        self.until = now;
        self.lasted
    }
}

/// An exchange under way; dropped without an answer, it gives up a connection that was silent.
struct Doubt<'a> {
    link: &'a Link,
    since: Option<Instant>,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        let Some(since) = self.since else { return };
        if self.link.silence().add(since) > SILENCE {
            self.link.broken.set();
        }
    }
}

/// What the client says, as the engine has to know it.
pub(super) fn heard<T>(answer: Result<T, etcd_client::Error>) -> Result<T, StoreError> {
    answer.map_err(failed)
}
