//! One who waits: what it is answered, and whether the server still has it in its queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockset_api::Fence;
use tokio::time::timeout;
use tokio_postgres::Row;

use super::fault::{POOLED, failed, is_end_of_wait, is_full};
use super::holds::{Hold, Waiting};
use super::session::{Session, one};
use super::statements::IS_IN_LINE;
use super::{ASIDE, Postgres};
use crate::Request;
use crate::engine::now;
use crate::store::{Grant, StoreError, Wake};

/// How often a waiter makes sure that the server has not forgotten it.
const LOOK: Duration = Duration::from_secs(10);

/// Whether a session stands in a line.
enum InLine {
    Yes,
    No,
    /// Nobody could be asked; whoever stands there must not lose its place by that alone.
    Unknown,
}

impl Postgres {
    /// Waits until the statement of a waiter is answered, or nobody has it any more.
    pub(super) async fn await_answer(
        &self,
        request: &Request,
        session: Arc<Session>,
        Waiting { since, mut answer }: Waiting,
    ) -> Result<Wake, StoreError> {
        let mut is_doubtful = false;
        loop {
            let until_look = if is_doubtful { ASIDE } else { LOOK };
            if let Ok(answer) = timeout(until_look, &mut answer).await {
                return self.waited(request, session, since, answer).await;
            }
            let in_line = match timeout(ASIDE, self.look_for(&session)).await {
                Ok(Ok(in_line)) => in_line,
                // It has no session to spare, but it is there, and so is its line.
                Ok(Err(error)) if is_full(&error) => InLine::Yes,
                _ => InLine::Unknown,
            };
            match in_line {
                InLine::Yes => is_doubtful = false,
                InLine::Unknown if !is_doubtful => is_doubtful = true,
                InLine::No | InLine::Unknown => {
                    drop(self.holds.remove(request.id));
                    return Ok(Wake::Retry);
                }
            }
        }
    }

    /// What a waiter's statement was answered.
    async fn waited(
        &self,
        request: &Request,
        session: Arc<Session>,
        since: Instant,
        answer: Result<Vec<Row>, tokio_postgres::Error>,
    ) -> Result<Wake, StoreError> {
        let rows = match answer {
            Ok(rows) => rows,
            Err(error) => {
                let is_end_of_wait = is_end_of_wait(&error);
                let error = failed(error);
                drop(self.holds.remove(request.id));
                return if is_end_of_wait || !error.is_refusal() {
                    Ok(Wake::Retry)
                } else {
                    Err(error)
                };
            }
        };
        let fence: i64 = one(rows)?.try_get(0).map_err(StoreError::refused)?;
        let asked = now();
        let mut grant = Grant::new(Fence::new(fence.cast_unsigned()), since);
        if asked.saturating_duration_since(since) > request.ttl / 4 {
            if session.holds().await? != request.id.to_string() {
                return Err(StoreError::refused(POOLED));
            }
            grant.since = asked;
        }
        self.holds.insert(request.id, Hold::Held(session));
        Ok(Wake::Granted(grant))
    }

    /// Says whether the server still has the session of a waiter in the line.
    async fn look_for(&self, waiter: &Session) -> Result<InLine, StoreError> {
        let (session, _) = self.session().await?;
        let process = [(&waiter.process as _, tokio_postgres::types::Type::INT4)];
        let row = one(session.client().query_typed(IS_IN_LINE, &process).await.map_err(failed)?)?;
        self.holds.keep(session);
        let is_in_line = row.try_get(0).map_err(StoreError::refused)?;
        Ok(if is_in_line { InLine::Yes } else { InLine::No })
    }
}
