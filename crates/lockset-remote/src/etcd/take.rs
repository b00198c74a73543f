//! Taking a place in the line, which may be the first.
//!
//! One transaction puts the key and reads the line. The key has the request's id in it, so a
//! request that is made again, since its answer was lost or its session has ended, finds its own
//! place, and moves it to the session of now.
//!
//! The transaction is on condition that its session has not recalled what it had sent before. An
//! attempt without an answer may be done by the server at any later time, also after what was to
//! undo it; and its key would live as long as its session, which others keep alive. So whatever
//! undoes such an attempt counts up the session's recalls, and the attempt finds another count than
//! its own. A session that another one takes the place of is ended before, and takes all its
//! attempts with it.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use etcd_client::{
    Compare, CompareOp, GetOptions, GetResponse, KeyValue, PutOptions, Txn, TxnOp, TxnOpResponse,
    TxnResponse,
};

use super::claims::Claim;
use super::connection::heard;
use super::kept::Kept;
use super::key;
use super::line::{Earlier, Line};
use super::session::{Session, term};
use crate::Request;
use crate::store::{Attempt, StoreError};
use lockset_api::Fence;

/// Whom an attempt lets be there already.
#[derive(Clone, Copy)]
enum Allowed {
    /// Anybody: the request waits behind them.
    Anybody,
    /// Those who were there at this revision, beside whom there is room.
    Since(i64),
}

/// What the server did.
enum Taken {
    /// The request is in the line since this revision, behind those.
    There(i64, Line),
    /// It is not, since others are.
    NotThere(Line),
    /// Its session has recalled what it had sent, so many times by now.
    Recalled(i64),
}

impl Kept {
    /// One attempt, with as many exchanges as it takes for an answer.
    pub(super) async fn attempt(
        self: &Arc<Self>,
        request: &Request,
        patience: Duration,
    ) -> Result<Attempt, StoreError> {
        let session = self.session(request.ttl).await?;
        match self.attempt_in(&session, request, patience).await {
            // It had ended, which is found out by using it, or was given up meanwhile.
            Err(error) if session.is_lost_after(&error) => {
                let session = self.session(request.ttl).await?;
                self.attempt_in(&session, request, patience).await
            }
            answer => answer,
        }
    }

    async fn attempt_in(
        self: &Arc<Self>,
        session: &Arc<Session>,
        request: &Request,
        patience: Duration,
    ) -> Result<Attempt, StoreError> {
        let claim = self.claim(request, session)?;
        let mut allowed = if patience.is_zero() { Allowed::Since(0) } else { Allowed::Anybody };
        let mut in_doubt = claim.in_doubt;
        loop {
            let recalls = session.recalls();
            let taken = self.connection.run(|link| {
                let txn = transaction(request, &claim, session, recalls, allowed);
                let mut client = link.client.kv_client();
                session.kept_with(link, async move {
                    let answer = heard(client.txn(txn).await)?;
                    Ok((taken(request, recalls, &answer)?, term(answer.header())))
                })
            });
            let taken = taken.await.inspect_err(|error| {
                if error.is_unreachable() && !in_doubt {
                    self.claims.forget(request.id);
                }
            })?;
            in_doubt |= taken.repeated;
            match taken.value.0 {
                Taken::Recalled(recalls) => session.were_recalled(recalls),
                Taken::There(revision, line) => {
                    return Ok(self.in_line(request, revision, line, in_doubt));
                }
                Taken::NotThere(line) if line.is_its_turn() => allowed = Allowed::Since(line.seen),
                Taken::NotThere(_) => {
                    if !in_doubt {
                        self.claims.forget(request.id);
                    }
                    return Ok(Attempt::Busy { held: request.ttl });
                }
            }
        }
    }

    fn in_line(&self, request: &Request, revision: i64, line: Line, in_doubt: bool) -> Attempt {
        if line.is_its_turn() {
            self.claims.answered(request.id, revision, None, in_doubt);
            Attempt::Granted(fence(revision))
        } else {
            self.claims.answered(request.id, revision, Some(line), in_doubt);
            // Nobody says how long the holder has; whoever waits is told when that is over.
            Attempt::Queued { held: request.ttl }
        }
    }
}

/// The store counts all its changes, from 1 on and for ever.
pub(super) fn fence(revision: i64) -> Fence {
    Fence::new(revision.cast_unsigned())
}

fn transaction(
    request: &Request,
    claim: &Claim,
    session: &Session,
    recalls: i64,
    allowed: Allowed,
) -> Txn {
    let line = key::line(&request.names[0]);
    let count = key::recalls(session.id);
    let mut when = vec![Compare::version(count.as_str(), CompareOp::Equal, recalls)];
    if let Allowed::Since(revision) = allowed {
        // True as well of nobody.
        let newest = Compare::create_revision(line.as_str(), CompareOp::Less, revision + 1);
        when.push(newest.with_prefix());
    }
    let put = TxnOp::put(
        claim.key.as_str(),
        note(request, claim),
        Some(PutOptions::new().with_lease(session.id)),
    );
    let read = TxnOp::get(line, Some(GetOptions::new().with_prefix().with_keys_only()));
    let recalled = TxnOp::get(count, None);
    Txn::new().when(when).and_then([put, read.clone()]).or_else([recalled, read])
}

/// For people to read, and for those who inspect the lock: who, what for, and since when.
fn note(request: &Request, claim: &Claim) -> String {
    let began = claim.began.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let note = request.note.as_deref().unwrap_or_default();
    format!("{}\n{note}\n{began}", request.holder)
}

fn taken(request: &Request, recalls: i64, answer: &TxnResponse) -> Result<Taken, StoreError> {
    let mut parts = answer.op_responses().into_iter();
    let (Some(first), Some(TxnOpResponse::Get(read))) = (parts.next(), parts.next()) else {
        return Err(StoreError::refused("etcd answered something else than it was asked"));
    };
    if let TxnOpResponse::Get(count) = first {
        let recalled = count.kvs().first().map_or(0, KeyValue::version);
        if recalled != recalls {
            return Ok(Taken::Recalled(recalled));
        }
    }
    let seen = answer.header().map_or(0, |header| header.revision());
    let (own, line) = read_line(request, &read, seen)?;
    Ok(match own {
        Some(revision) => Taken::There(revision, line),
        None => Taken::NotThere(line),
    })
}

/// The revision at which the request came, if it is there, and those before it.
pub(super) fn read_line(
    request: &Request,
    read: &GetResponse,
    seen: i64,
) -> Result<(Option<i64>, Line), StoreError> {
    let prefix = key::line(&request.names[0]);
    let mut all = read.kvs().iter().map(|kv| {
        let (id, mode) = key::parse(kv.key(), &prefix).ok_or_else(|| stranger(kv))?;
        let key = String::from_utf8_lossy(kv.key()).into_owned();
        Ok((kv.create_revision(), id, Earlier { key, mode }))
    });
    let mut all: Vec<_> = all.by_ref().collect::<Result<_, StoreError>>()?;
    all.sort_by_key(|(revision, ..)| *revision);
    let own = all.iter().find(|(_, id, _)| *id == request.id).map(|(revision, ..)| *revision);
    let earlier = all.into_iter().filter(|(revision, ..)| own.is_none_or(|own| *revision < own));
    let earlier = earlier.map(|(.., earlier)| earlier).collect();
    Ok((own, Line::new(request.mode, earlier, seen)))
}

fn stranger(kv: &KeyValue) -> StoreError {
    let key = String::from_utf8_lossy(kv.key());
    StoreError::refused(format!("{key:?} is none of Lockset's keys, and stands among them"))
}
