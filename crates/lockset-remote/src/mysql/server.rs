//! One server: sessions to it, and exchanges with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mysql_async::{Error, Opts, Row};
use tokio::sync::oneshot;

use super::fault::{failed, is_broken, lacks_table, not_connected};
use super::idle::Idle;
use super::session::Session;
use super::sql;
use crate::RequestId;
use crate::store::StoreError;

pub(super) struct Server {
    opts: Opts,
    pub(super) database: String,
    idle: Idle,
}

/// What an exchange came to.
pub(super) struct Answer {
    /// Where it came from: clean, and of this request as long as it holds or waits.
    pub(super) session: Session,
    /// The last rows.
    pub(super) rows: Vec<Row>,
    /// Whether it was sent twice, since a connection broke before an answer came: the server may
    /// have done it twice.
    pub(super) repeated: bool,
}

/// Somebody who watches an exchange that may last.
#[derive(Default)]
pub(super) struct Watch {
    /// The sessions by which it was sent.
    pub(super) sent_by: Arc<Mutex<Vec<u32>>>,
    /// Whoever wants to see the first rows.
    pub(super) look: Option<oneshot::Sender<Option<u64>>>,
}

impl Server {
    pub(super) fn new(opts: Opts) -> Self {
        let database = opts.db_name().unwrap_or_default().to_owned();
        Self { opts, database, idle: Idle::default() }
    }

    /// Has the server run `text`, on the request's `own` session or else on any that is idle, or
    /// on a new one. If one of the former turns out to be broken, it is sent once more on a new
    /// one, so every text here may be run twice.
    pub(super) async fn exchange(
        &self,
        own: Option<Session>,
        text: &str,
        watch: &mut Watch,
    ) -> Result<Answer, StoreError> {
        let (mut session, mut fresh) = match own.or_else(|| self.idle.take()) {
            Some(session) => (session, false),
            None => (self.connect().await?, true),
        };
        let (mut repeated, mut has_table) = (false, false);
        loop {
            lock(&watch.sent_by).push(session.id());
            let mut seen = false;
            let look = |rows: &[Row]| {
                seen = true;
                if let Some(look) = watch.look.take() {
                    let _ = look.send(rows.first().and_then(|row| number(row, 0)));
                }
            };
            match session.run(text, look).await {
                Ok((session, rows)) => return Ok(Answer { session, rows, repeated }),
                Err(error) if is_broken(&error) && !seen && !fresh => {
                    // Whatever broke it has probably broken the others as well.
                    self.idle.clear();
                    (fresh, repeated) = (true, true);
                    session = self.connect().await.map_err(StoreError::interrupted)?;
                }
                Err(error) if lacks_table(&error) && !has_table => {
                    has_table = true;
                    session = self.make_table(error).await?;
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// The same, for somebody who needs no session of its own and does not watch.
    pub(super) async fn ask(&self, text: &str) -> Result<(Vec<Row>, bool), StoreError> {
        let answer = self.exchange(None, text, &mut Watch::default()).await?;
        self.idle.keep(answer.session);
        Ok((answer.rows, answer.repeated))
    }

    /// Keeps a session that holds nothing for whoever needs one next.
    pub(super) fn keep(&self, session: Session) {
        self.idle.keep(session);
    }

    /// Ends the statements of these sessions that wait for this request, if there still are any.
    ///
    /// A number may have gone to somebody else since, after a restart; it is only believed of a
    /// session whose statement names the request.
    pub(super) async fn end_waiting(
        &self,
        id: RequestId,
        sessions: &[u32],
    ) -> Result<(), StoreError> {
        if sessions.is_empty() {
            return Ok(());
        }
        let (rows, _) = self.ask(&sql::waiting_for(id, sessions)).await?;
        for session in rows.iter().filter_map(|row| number(row, 0)) {
            // It may have ended meanwhile, which is all that is wanted.
            drop(self.ask(&format!("KILL QUERY {session}")).await);
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Session, StoreError> {
        Session::connect(&self.opts).await.map_err(not_connected)
    }

    /// Makes the table that was found to be missing.
    async fn make_table(&self, missing: Error) -> Result<Session, StoreError> {
        let made = self.connect().await?.run(sql::TABLE, |_| {}).await;
        made.map(|(session, _)| session).map_err(|error| {
            if is_broken(&error) {
                return failed(error);
            }
            StoreError::refused(format!(
                "{missing}; and it may not be made: {error}; have somebody run: {}",
                sql::TABLE
            ))
        })
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number in a row; none for NULL, and for what is no number.
pub(super) fn number(row: &Row, column: usize) -> Option<u64> {
    row.get_opt::<Option<u64>, _>(column)?.ok()?
}
