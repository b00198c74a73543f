//! Asking for a lock: one statement that tries, and behind it one that waits.

use std::future::{poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use lockset_api::Fence;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::fault::failed;
use super::holds::Waiting;
use super::session::{Session, one};
use super::statements::Sharing;
use super::{KEEP, key, status};
use crate::engine::now;
use crate::store::StoreError;
use crate::{Mode, Request};

/// One attempt: the fence if it was granted, and what to wait for if not, unless nobody waits.
///
/// What waits is on the wire behind what tries, and was sent together with it: so by the time that
/// the first is answered, the second is in the server's line. If the first is granted, the second
/// finds that, and does nothing.
pub(super) async fn attempt(
    session: &Arc<Session>,
    request: &Request,
    patience: Duration,
) -> Result<(Option<Fence>, Option<Waiting>), StoreError> {
    let statements = session.statements(sharing(request)).await?;
    let since = now();
    let texts = Texts::of(request, patience);
    let parameters = texts.for_attempt();
    let mut attempt = pin!(session.client().query(&statements.attempt, &parameters));
    if patience.is_zero() {
        return Ok((granted(attempt.await)?, None));
    }
    let (waiter, wait) = (Arc::clone(session), statements.wait.clone());
    let waits = Texts::of(request, patience);
    let mut answer: super::holds::Answer =
        Box::pin(async move { waiter.client().query(&wait, &waits.for_wait()).await });
    let (mut is_sent, mut early) = (false, None);
    let rows = poll_fn(|context| {
        let attempted = attempt.as_mut().poll(context);
        // A statement is sent when its future is polled first. It has its answer then only if the
        // session has just ended.
        if attempted.is_pending() && !is_sent {
            is_sent = true;
            if let Poll::Ready(ended) = answer.as_mut().poll(context) {
                early = Some(ended);
            }
        }
        attempted
    });
    let fence = granted(rows.await)?;
    if let Some(ended) = early {
        answer = Box::pin(ready(ended));
    }
    Ok((fence, fence.is_none().then_some(Waiting { since, answer })))
}

/// The fence in the answer to an attempt, if it was granted.
fn granted(rows: Result<Vec<Row>, tokio_postgres::Error>) -> Result<Option<Fence>, StoreError> {
    let row = one(rows.map_err(failed)?)?;
    let got: bool = row.try_get(0).map_err(StoreError::refused)?;
    let fence: Option<i64> = row.try_get(1).map_err(StoreError::refused)?;
    match (got, fence) {
        (false, _) => Ok(None),
        (true, Some(fence)) => Ok(Some(Fence::new(fence.cast_unsigned()))),
        (true, None) => Err(StoreError::refused("it granted a lock and counted no fence")),
    }
}

pub(super) fn sharing(request: &Request) -> Sharing {
    if request.mode == Mode::Shared { Sharing::Shared } else { Sharing::Exclusive }
}

/// What a request is to the server.
struct Texts {
    key: i64,
    name: String,
    request: String,
    who: String,
    application: String,
    ttl: String,
    patience: String,
}

pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

impl Texts {
    fn of(request: &Request, patience: Duration) -> Self {
        let name = &request.names[0];
        let note = request.note.as_deref().unwrap_or_default();
        Self {
            key: key(name),
            name: name.as_str().to_owned(),
            request: request.id.to_string(),
            who: [&request.holder, "\n", note].concat(),
            application: status::application(request),
            ttl: request.ttl.as_millis().to_string(),
            patience: limit(patience),
        }
    }

    fn for_attempt(&self) -> [Parameter<'_>; 7] {
        let Self { key, name, request, who, application, ttl, .. } = self;
        [key, name, request, who, application, ttl, &KEEP]
    }

    fn for_wait(&self) -> [Parameter<'_>; 7] {
        let Self { key, name, request, who, application, ttl, patience } = self;
        [key, name, request, who, application, ttl, patience]
    }
}

/// How long the server lets a statement wait, in its words. The waiter itself gives up before; this
/// is for one that has been stopped.
fn limit(patience: Duration) -> String {
    const MARGIN: Duration = Duration::from_secs(1);
    let millis = i32::try_from(patience.saturating_add(MARGIN).as_millis());
    // Without a limit, or with one of more than three weeks.
    millis.unwrap_or(0).to_string()
}
