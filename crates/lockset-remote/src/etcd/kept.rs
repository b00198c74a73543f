//! The sessions of a store, and what looks after them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use etcd_client::{Compare, CompareOp, GetOptions, PutOptions, Txn, TxnOp};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{sleep, sleep_until, timeout};

use super::claims::{Care, Claim, Claims};
use super::connection::{Connection, Link, heard};
use super::key;
use super::session::{Session, term};
use crate::engine::now;
use crate::store::{Op, StoreError};
use crate::{Request, RequestId};

/// Everything that a store knows: its methods share it with the tasks that look after sessions.
pub(super) struct Kept {
    pub(super) connection: Connection,
    pub(super) claims: Claims,
    /// By the TTL that is promised of each.
    sessions: Mutex<HashMap<Duration, Arc<Session>>>,
    /// Held while a session begins, so that one begins for all who need it.
    beginning: AsyncMutex<()>,
}

impl Kept {
    pub(super) fn new(connection: Connection) -> Self {
        let (claims, sessions) = (Claims::default(), Mutex::default());
        Self { connection, claims, sessions, beginning: AsyncMutex::default() }
    }

    /// The session of this TTL, or a new one in place of one that is no good any more.
    pub(super) async fn session(&self, ttl: Duration) -> Result<Arc<Session>, StoreError> {
        if let Some(session) = self.good_session(ttl) {
            return Ok(session);
        }
        let _alone = self.beginning.lock().await;
        if let Some(session) = self.good_session(ttl) {
            return Ok(session);
        }
        let before = self.sessions().get(&ttl).cloned();
        let over = match before {
            Some(session) if session.give_up() => Some(session),
            Some(session) if !session.lost.is_set() => return Ok(session),
            _ => None,
        };
        let begin = |link: Arc<Link>| -> Op<'_, _> {
            // What was sent in the old one may come to be done later, and would move a key of the
            // new one to it. So nothing is sent in the new one before the old one has ended.
            let end = Session::end(Arc::clone(&link), over.clone());
            let begin = Session::begin(link, ttl);
            Box::pin(async move { tokio::try_join!(begin, end).map(|(session, ())| session) })
        };
        let session = Arc::new(self.connection.run(begin).await?.value);
        self.sessions().insert(ttl, Arc::clone(&session));
        Ok(session)
    }

    fn good_session(&self, ttl: Duration) -> Option<Arc<Session>> {
        self.sessions().get(&ttl).filter(|session| session.is_good()).cloned()
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Duration, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claim as it was before an attempt, which may be sent from here on. Its session is
    /// looked after.
    pub(super) fn claim(
        self: &Arc<Self>,
        request: &Request,
        session: &Arc<Session>,
    ) -> Result<Claim, StoreError> {
        let (claim, care) = self.claims.attempt(request, session)?;
        if care == Care::Begin {
            tokio::spawn(Arc::clone(self).look_after(Arc::clone(session)));
        }
        Ok(claim)
    }

    /// Keeps a session alive for those who wait, and removes the keys of those whose time is over
    /// while others still need it. It goes on until nobody has anything of the session any more.
    async fn look_after(self: Arc<Self>, session: Arc<Session>) {
        // Later than the engine renews what is held: that keeps the session alive as well.
        let pace = session.ttl * 2 / 5;
        let retry = (session.ttl / 20).clamp(Duration::from_millis(5), Duration::from_secs(1));
        while let Some(due) = self.claims.next_due(&session, session.proven() + pace) {
            sleep_until(due.max(now()).into()).await;
            for (id, claim) in self.claims.end_those_that_are_due(&session) {
                let removing = self.remove(id, &claim);
                drop(timeout(session.ttl / 4, removing).await);
            }
            if session.lost.is_set() || !self.claims.is_needed(&session) {
                // Those who wait have heard of it, and the others end one by one.
                sleep(retry).await;
            } else if session.proven() + pace <= now() {
                let kept = timeout(session.ttl / 4, self.keep_alive(&session)).await;
                if !matches!(kept, Ok(Ok(()))) {
                    sleep(retry).await;
                }
            }
        }
    }

    async fn keep_alive(&self, session: &Arc<Session>) -> Result<(), StoreError> {
        let recalls = &key::recalls(session.id);
        let kept = self.connection.run(|link| {
            let mut client = link.client.kv_client();
            session.kept_with(link, async move {
                let options = GetOptions::new().with_count_only();
                let answer = heard(client.get(recalls.as_str(), Some(options)).await)?;
                Ok(((), term(answer.header())))
            })
        });
        match kept.await {
            // There is nothing to be kept alive any more.
            Err(error) if session.is_lost_after(&error) => Ok(()),
            kept => kept.map(drop),
        }
    }

    /// Removes the key of a claim whose time is over, unless another session has taken it over.
    async fn remove(&self, id: RequestId, claim: &Claim) -> Result<(), StoreError> {
        if claim.session.lost.is_set() {
            self.claims.forget(id);
            return Ok(());
        }
        let key = claim.key.as_str();
        let ours = Compare::lease(key, CompareOp::Equal, claim.session.id);
        let recall: Vec<_> = claim.in_doubt.then(|| recall(&claim.session)).into_iter().collect();
        let delete = [recall.clone(), vec![TxnOp::delete(key, None)]].concat();
        let txn = Txn::new().when([ours]).and_then(delete).or_else(recall);
        let removed = self.connection.run(|link| {
            let (mut client, txn) = (link.client.kv_client(), txn.clone());
            Box::pin(async move { heard(client.txn(txn).await) })
        });
        match removed.await {
            // Also if the server refused, as one does that is full or has too much to do: the key
            // lives as long as others keep the session alive, so it is tried again.
            Err(error) if !claim.session.is_lost_after(&error) => Err(error),
            _ => {
                self.claims.forget(id);
                Ok(())
            }
        }
    }
}

/// Has every attempt of a session come to nothing that was sent before this and is done after it.
pub(super) fn recall(session: &Session) -> TxnOp {
    let of_session = PutOptions::new().with_lease(session.id);
    TxnOp::put(key::recalls(session.id), "", Some(of_session))
}
