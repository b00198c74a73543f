//! Keeping what is held, and giving it back.

use std::sync::Arc;

use etcd_client::{
    Compare, CompareOp, GetOptions, KeyValue, PutOptions, Txn, TxnOp, TxnOpResponse,
};

use super::claims::Claim;
use super::connection::heard;
use super::kept::{Kept, recall};
use super::key;
use super::session::{Session, term};
use crate::Request;
use crate::store::{Renewed, StoreError, Withdrawn};

impl Kept {
    /// A keep-alive of the session, and proof that the key is still there and still the session's.
    pub(super) async fn renew(self: &Arc<Self>, request: &Request) -> Result<Renewed, StoreError> {
        let Some(claim) = self.claims.of(request.id) else { return self.take_over(request).await };
        // It was never answered that the key is there: the lease is from a ticket, and to take it
        // over has failed before.
        let Some(revision) = claim.revision else { return self.take_over(request).await };
        if claim.is_over() {
            return Ok(Renewed::Gone);
        }
        let session = &claim.session;
        let key = claim.key.as_str();
        let kept = self.connection.run(|link| {
            let mut client = link.client.kv_client();
            session.kept_with(link, async move {
                let keys_only = GetOptions::new().with_keys_only();
                let read = heard(client.get(key, Some(keys_only)).await)?;
                let own = read.kvs().first().filter(|kv| kv.create_revision() == revision);
                Ok((own.map(KeyValue::lease), term(read.header())))
            })
        });
        match kept.await {
            Ok(answer) => match answer.value {
                (Some(id), since) if id == session.id => {
                    self.claims.renewed(request.id, since + request.ttl);
                    Ok(Renewed::Yes)
                }
                // It went to another process in a ticket, and has come back in one.
                (Some(_), _) => self.take_over(request).await,
                (None, _) => Ok(Renewed::Gone),
            },
            Err(error) if session.is_lost_after(&error) => Ok(Renewed::Gone),
            Err(error) => Err(error),
        }
    }

    /// The same for a lease that another process has put into a ticket: its key becomes one of our
    /// session's.
    async fn take_over(self: &Arc<Self>, request: &Request) -> Result<Renewed, StoreError> {
        let session = self.session(request.ttl).await?;
        match self.take_over_in(&session, request).await {
            // It had ended, which is found out by using it, or was given up meanwhile.
            Err(error) if session.is_lost_after(&error) => {
                let session = self.session(request.ttl).await?;
                self.take_over_in(&session, request).await
            }
            answer => answer,
        }
    }

    async fn take_over_in(
        self: &Arc<Self>,
        session: &Arc<Session>,
        request: &Request,
    ) -> Result<Renewed, StoreError> {
        let claim = self.claim(request, session)?;
        let key = claim.key.as_str();
        let ours = PutOptions::new().with_lease(session.id).with_ignore_value();
        let is_there = Compare::create_revision(key, CompareOp::Greater, 0);
        let keys_only = GetOptions::new().with_keys_only();
        let txn = Txn::new()
            .when([is_there])
            .and_then([TxnOp::put(key, "", Some(ours)), TxnOp::get(key, Some(keys_only))]);
        let taken = self.connection.run(|link| {
            let (mut client, txn) = (link.client.kv_client(), txn.clone());
            session.kept_with(link, async move {
                let answer = heard(client.txn(txn).await)?;
                let revision = answer.op_responses().into_iter().find_map(|part| match part {
                    TxnOpResponse::Get(read) => read.kvs().first().map(|kv| kv.create_revision()),
                    _ => None,
                });
                Ok((revision, term(answer.header())))
            })
        });
        match taken.await?.value.0 {
            Some(revision) => {
                self.claims.answered(request.id, revision, None, false);
                Ok(Renewed::Yes)
            }
            None => {
                self.claims.forget(request.id);
                Ok(Renewed::Gone)
            }
        }
    }

    /// Removes the request's key, wherever it stands, and sees to it that it does not come again.
    pub(super) async fn release(&self, request: &Request) -> Result<Withdrawn, StoreError> {
        let claim = self.claims.of(request.id);
        let txn = removal(request, claim.as_ref());
        let removed = self.connection.run(|link| {
            let (mut client, txn) = (link.client.kv_client(), txn.clone());
            Box::pin(async move {
                let answer = heard(client.txn(txn).await)?;
                let deleted = answer.op_responses().into_iter().find_map(|part| match part {
                    TxnOpResponse::Delete(delete) => Some(delete.deleted()),
                    _ => None,
                });
                Ok(deleted.unwrap_or(0) > 0)
            })
        });
        let removed = match removed.await {
            Ok(removed) => removed,
            Err(error) => {
                if claim.is_none_or(|claim| !claim.session.is_lost_after(&error)) {
                    return Err(error);
                }
                // And with it what was its.
                self.claims.forget(request.id);
                return Ok(Withdrawn::NotHeld);
            }
        };
        self.claims.forget(request.id);
        match (removed.value, removed.repeated) {
            (true, _) => Ok(Withdrawn::Freed),
            (false, false) => Ok(Withdrawn::NotHeld),
            // It may have been freed by the first try, whose answer was lost.
            (false, true) => Err(StoreError::interrupted("the connection broke")),
        }
    }
}

/// What removes a request's key: the one that is known, by when it was created; and if there may
/// be another to come, whichever is there, together with a recall.
fn removal(request: &Request, claim: Option<&Claim>) -> Txn {
    let key = key::of(request);
    let delete = TxnOp::delete(key.as_str(), None);
    match claim {
        Some(claim) if claim.session.lost.is_set() => Txn::new().and_then([delete]),
        Some(claim) if claim.in_doubt => Txn::new().and_then([recall(&claim.session), delete]),
        Some(Claim { revision: Some(revision), .. }) => {
            let known = Compare::create_revision(key, CompareOp::Equal, *revision);
            Txn::new().when([known]).and_then([delete])
        }
        _ => Txn::new().and_then([delete]),
    }
}
