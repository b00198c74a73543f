//! Sessions: how the servers know that we are alive.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{sleep, timeout};
use zookeeper_client::{
    Acls, CheckWriteError, Client, CreateMode, Error, MultiWriteError, MultiWriteResult,
    OneshotWatcher, SessionState, Stat,
};

use super::fault::is_interrupted;
use super::line::Node;
use super::transport::Transport;
use super::url::Ensemble;
use crate::pauses::Pauses;
use crate::store::{StoreError, Withdrawn};

/// How much longer than a lease its session lasts, as a part of it: see the module's doc on bounds.
const MARGIN: u32 = 3;

/// A server that is silent for so long is not just busy.
const SILENT: Duration = Duration::from_secs(2);

/// How long a connection is waited for, at most: less than the engine waits for an exchange, so
/// that nothing has been sent when it gives up.
const LONGEST_CONNECT: Duration = Duration::from_secs(3);

/// The sessions of an ensemble's locks, one for each TTL.
pub(super) struct Sessions {
    ensemble: Ensemble,
    transport: Transport,
    by_ttl: Mutex<HashMap<Duration, Arc<Session>>>,
    /// Held while a new one is made, so that one is made for all who need it.
    connecting: AsyncMutex<()>,
}

/// A session with the servers, and the connection that it has at the moment, if it has one.
pub(super) struct Session {
    client: Client,
    acls: Acls<'static>,
    /// How long a connection is waited for.
    patience: Duration,
    /// How long the servers keep it without hearing of it.
    pub(super) lasts: Duration,
}

/// A node that was made.
pub(super) struct Created {
    pub(super) node: Node,
    /// The number of the transaction that made it.
    pub(super) zxid: u64,
    /// Whether it stood alone when it was made.
    pub(super) is_alone: bool,
}

impl Sessions {
    pub(super) fn new(ensemble: Ensemble, transport: Transport) -> Self {
        Self { ensemble, transport, by_ttl: Mutex::default(), connecting: AsyncMutex::new(()) }
    }

    #[cfg(feature = "zookeeper-tls")]
    pub(super) fn into_ensemble(self) -> Ensemble {
        self.ensemble
    }

    pub(super) fn label(&self) -> &str {
        &self.ensemble.label
    }

    /// A session for leases of this TTL, and connected.
    pub(super) async fn of(&self, ttl: Duration) -> Result<Arc<Session>, StoreError> {
        if let Some(session) = self.living(ttl) {
            session.connected().await?;
            return Ok(session);
        }
        let _alone = self.connecting.lock().await;
        if let Some(session) = self.living(ttl) {
            return Ok(session);
        }
        let session = Arc::new(Session::begin(&self.ensemble, &self.transport, ttl).await?);
        self.by_ttl().insert(ttl, Arc::clone(&session));
        Ok(session)
    }

    /// Any that lives: for questions.
    pub(super) async fn any(&self) -> Result<Arc<Session>, StoreError> {
        let living = self.by_ttl().values().find(|session| !session.is_over()).cloned();
        match living {
            Some(session) => session.connected().await.map(|()| session),
            None => self.of(Duration::from_secs(10)).await,
        }
    }

    fn living(&self, ttl: Duration) -> Option<Arc<Session>> {
        self.by_ttl().get(&ttl).filter(|session| !session.is_over()).cloned()
    }

    fn by_ttl(&self) -> std::sync::MutexGuard<'_, HashMap<Duration, Arc<Session>>> {
        self.by_ttl.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a server of such a session may be silent before it is left for another, or for the same
/// once more: whom to ask next is drawn. A lease has to outlive that it is drawn, too, so it is a
/// fifth of the session; but not too little for a busy server, unless the session is short as well.
fn silence(session: Duration) -> Duration {
    (session / 5).max(SILENT.min(session * 2 / 5))
}

impl Session {
    async fn begin(
        ensemble: &Ensemble,
        transport: &Transport,
        ttl: Duration,
    ) -> Result<Self, StoreError> {
        // In whole milliseconds, as the protocol has it, and rather longer.
        let wanted = ttl + ttl / MARGIN + Duration::from_millis(1);
        let mut connector = Client::connector()
            .with_session_timeout(wanted)
            .with_connection_timeout(silence(wanted));
        // An ensemble that elects a leader turns everybody away until it has one: asked again.
        if !ensemble.hosts.contains(',') {
            connector = connector.with_fail_eagerly();
        }
        if let Some(digest) = &ensemble.digest {
            connector = connector.with_auth("digest", digest.as_bytes());
        }
        let patience = ttl.min(LONGEST_CONNECT) * 3 / 4;
        let connected = timeout(patience, transport.connect(connector, &ensemble.hosts)).await;
        let in_time =
            connected.map_err(|_| StoreError::unreachable("no server answers in time"))?;
        let client = in_time?;
        let lasts = client.session_timeout();
        if lasts + Duration::from_millis(1) < wanted {
            let longest = lasts * MARGIN / (MARGIN + 1);
            let why = format!(
                "a lease of {ttl:?} needs a session of {wanted:?}, and the server grants {lasts:?} \
                 at most, which is its maxSessionTimeout (20 times its tickTime, unless it says \
                 otherwise): take a TTL of {longest:?} or less, or raise maxSessionTimeout there"
            );
            return Err(StoreError::refused(why));
        }
        let acls = if ensemble.digest.is_some() { Acls::creator_all() } else { Acls::anyone_all() };
        Ok(Self { client, acls, patience, lasts })
    }

    /// Whether it has ended, and with it all that it had. A connection that broke does not end it.
    pub(super) fn is_over(&self) -> bool {
        self.client.state().is_terminated()
    }

    /// Waits for a connection, for a while.
    pub(super) async fn connected(&self) -> Result<(), StoreError> {
        let waited = timeout(self.patience, self.connected_or_over()).await;
        waited.map_err(|_| StoreError::unreachable("there is no connection at the moment"))
    }

    /// Waits for a connection, or for the end of the session.
    pub(super) async fn connected_or_over(&self) {
        let mut states = self.client.state_watcher();
        let mut state = self.client.state();
        while state == SessionState::Disconnected {
            state = states.changed().await;
        }
    }

    /// Makes a node in the line of the lock at `lock`, and the line if it is not there.
    ///
    /// It is one transaction with a write to the line itself, whose answer says how many stand in
    /// it and which transaction it was: so whoever is alone needs no second look.
    pub(super) async fn enter(
        &self,
        lock: &str,
        prefix: &str,
        data: &[u8],
    ) -> Result<Created, Error> {
        // An empty line may be removed by the server between any two of our requests, but not soon:
        // it looks for such every minute.
        for _ in 0..2 {
            match self.enter_line(lock, prefix, data).await {
                Err(Error::NoNode) => self.make_line(lock).await?,
                entered => return entered,
            }
        }
        self.enter_line(lock, prefix, data).await
    }

    async fn enter_line(&self, lock: &str, prefix: &str, data: &[u8]) -> Result<Created, Error> {
        let mut writer = self.client.new_multi_writer();
        let options = CreateMode::EphemeralSequential.with_acls(self.acls);
        writer.add_create(&format!("{lock}/{prefix}"), data, &options)?;
        writer.add_set_data(lock, &[], None)?;
        let results = writer.commit().await.map_err(|error| match error {
            MultiWriteError::RequestFailed { source }
            | MultiWriteError::OperationFailed { source, .. } => source,
        })?;
        let [MultiWriteResult::Create { path, .. }, MultiWriteResult::SetData { stat: line }] =
            &results[..]
        else {
            return Err(Error::UnexpectedError(format!("two writes were answered {results:?}")));
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        let (node, zxid) = (Node::parse(name), u64::try_from(line.mzxid));
        let (Some(node), Ok(zxid)) = (node, zxid) else {
            return Err(Error::UnexpectedError(format!("a node was called {path:?}")));
        };
        Ok(Created { node, zxid, is_alone: line.num_children == 1 })
    }

    /// Makes the node of a lock and what is above it. The server removes them when they are empty.
    async fn make_line(&self, lock: &str) -> Result<(), Error> {
        self.client.mkdir(lock, &CreateMode::Container.with_acls(self.acls)).await
    }

    /// Who stands in the line, as of a moment after this was asked for, whichever server is asked.
    pub(super) async fn line_by_now(&self, lock: &str) -> Result<Vec<String>, Error> {
        // Both are sent before either is answered, and are answered in this order.
        let (synced, listed) = (self.client.sync(lock), self.client.list_children(lock));
        synced.await?;
        listed.await
    }

    /// Who stands in the line, as of a moment after the last change that was answered here.
    pub(super) async fn line(&self, lock: &str) -> Result<Vec<String>, Error> {
        self.client.list_children(lock).await
    }

    /// A write that changes nothing, and fails if the node is not there: the servers agree on it,
    /// which a read from one of them would not need.
    pub(super) async fn confirm(&self, path: &str) -> Result<(), Error> {
        let checked = self.client.new_check_writer(path, None)?.commit().await;
        checked.map(drop).map_err(|error| match error {
            CheckWriteError::RequestFailed { source }
            | CheckWriteError::CheckFailed { source }
            | CheckWriteError::OperationFailed { source, .. } => source,
        })
    }

    /// The number of the transaction that made a node.
    pub(super) async fn zxid(&self, path: &str) -> Result<Option<u64>, Error> {
        let stat = self.client.check_stat(path).await?;
        Ok(stat.and_then(|stat| stat.czxid.try_into().ok()))
    }

    /// What a node has in it. It is asked for at the call, not at the first poll.
    pub(super) fn entry<'a>(
        &'a self,
        path: &'a str,
    ) -> impl Future<Output = Result<(Vec<u8>, Stat), Error>> + Send + 'a {
        self.client.get_data(path)
    }

    /// News of a node's end, and of nothing else: it has no children to be told of, and none of
    /// its data.
    pub(super) async fn watch(&self, path: &str) -> Result<OneshotWatcher, Error> {
        let (_, _, watcher) = self.client.get_and_watch_children(path).await?;
        Ok(watcher)
    }

    /// Removes a node, however often the connection breaks meanwhile.
    ///
    /// One that is not there any more after it was asked for in vain is what was asked for: as long
    /// as the session lives, nobody else removes it.
    pub(super) async fn remove(&self, path: &str) -> Result<Withdrawn, Error> {
        let mut in_vain = 0;
        loop {
            self.ready_again(in_vain).await;
            match self.client.delete(path, None).await {
                Ok(()) => return Ok(Withdrawn::Freed),
                Err(Error::NoNode) if in_vain > 0 => return Ok(Withdrawn::Freed),
                Err(Error::NoNode) => return Ok(Withdrawn::NotHeld),
                Err(error) if is_interrupted(&error) && !self.is_over() => in_vain += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// An exchange that is made again as often as the connection breaks. Only the end of the
    /// session ends it, or what the server says.
    pub(super) async fn surely<T, F>(&self, exchange: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut in_vain = 0;
        loop {
            self.ready_again(in_vain).await;
            match exchange().await {
                Err(error) if is_interrupted(&error) && !self.is_over() => in_vain += 1,
                answer => return answer,
            }
        }
    }

    /// Waits until an exchange can be made that broke off so many times. It is no use to make it at
    /// once: the connection may stand, and the answer be one that nobody understands.
    async fn ready_again(&self, in_vain: u32) {
        if in_vain > 0 {
            sleep(Pauses::COMMON.pause(in_vain)).await;
        }
        self.connected_or_over().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_outlives_two_tries_at_a_server_that_is_silent() {
        for seconds in 6..600 {
            let ttl = Duration::from_secs(seconds);
            assert!(silence(ttl + ttl / MARGIN) * 2 < ttl * 3 / 4, "{ttl:?}");
        }
    }
}
