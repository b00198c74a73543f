//! One server: sessions to it, and exchanges with it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lockset_api::Name;
use mysql_async::{Error, Opts, Row};

use super::fault::{failed, is_broken, lacks_table, not_connected};
use super::idle::Idle;
use super::session::Session;
use super::sql;
use super::taken::Taken;
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

impl Server {
    pub(super) fn new(opts: Opts) -> Self {
        let database = opts.db_name().unwrap_or_default().to_owned();
        Self { opts, database, idle: Idle::default() }
    }

    /// The same server, trusted by these certificates alone.
    #[cfg(feature = "mysql-tls")]
    pub(super) fn trusting(&self, roots: &[u8]) -> Result<Self, lockset_api::Error> {
        super::url::trust(&self.opts, roots).map(Self::new)
    }

    /// Has the server run `text`, on the request's `own` session or else on any that is idle, or
    /// on a new one. If one of the former turns out to be broken, it is sent once more on a new
    /// one: for texts that may be run twice, and that do not wait.
    pub(super) async fn exchange(
        &self,
        own: Option<Session>,
        text: &str,
    ) -> Result<Answer, StoreError> {
        let (session, fresh) = self.session(own).await?;
        let answer = self.run(session, text, |_| {}).await;
        match answer {
            Err(error) if is_broken(&error) && !fresh => {
                self.forget_idle();
                let session = self.connect().await.map_err(StoreError::interrupted)?;
                let again = self.run(session, text, |_| {}).await;
                again.map(|answer| Answer { repeated: true, ..answer }).map_err(failed)
            }
            answer => answer.map_err(failed),
        }
    }

    /// The same for a [text that takes](sql::take), and may wait for that: it is sent once, and
    /// once more if it was its turn and the lock had no row. The sessions that it goes by are noted
    /// before that.
    pub(super) async fn take(
        &self,
        own: Option<Session>,
        text: &str,
        name: &Name,
        sent_by: &Mutex<Vec<u32>>,
    ) -> Result<Answer, StoreError> {
        let (session, _) = self.session(own).await?;
        // One that lacked the table has answered, and so is over.
        let note = |id| *lock(sent_by) = vec![id];
        let mut answer = self.run(session, text, note).await.map_err(failed)?;
        if Taken::lacks_row(&answer.rows) {
            let (session, _) = answer.session.run(&sql::first_row(name)).await.map_err(failed)?;
            answer = self.run(session, text, note).await.map_err(failed)?;
        }
        Ok(answer)
    }

    /// Whether it is a new one says the second.
    async fn session(&self, own: Option<Session>) -> Result<(Session, bool), StoreError> {
        match own.or_else(|| self.idle.take()) {
            Some(session) => Ok((session, false)),
            None => Ok((self.connect().await?, true)),
        }
    }

    /// Runs `text`, and once more if the table had to be made for it.
    async fn run(&self, session: Session, text: &str, note: impl Fn(u32)) -> Result<Answer, Error> {
        note(session.id());
        let ran = match session.run(text).await {
            Err(error) if lacks_table(&error) => {
                let session = self.make_table(error).await?;
                note(session.id());
                session.run(text).await
            }
            ran => ran,
        };
        ran.map(|(session, rows)| Answer { session, rows, repeated: false })
    }

    /// The same, for somebody who needs no session of its own and does not watch.
    pub(super) async fn ask(&self, text: &str) -> Result<(Vec<Row>, bool), StoreError> {
        let answer = self.exchange(None, text).await?;
        self.idle.keep(answer.session);
        Ok((answer.rows, answer.repeated))
    }

    /// Whatever broke one session has probably broken the others as well.
    pub(super) fn forget_idle(&self) {
        self.idle.clear();
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
        for session in self.waiting(id, sessions).await? {
            match self.ask(&format!("KILL QUERY {session}")).await {
                Err(error) if !error.is_refusal() => return Err(error),
                // Or there was none: it has ended meanwhile, which is all that is wanted.
                _ => {}
            }
        }
        Ok(())
    }

    /// Those of these sessions that wait for this request, as the server has it.
    pub(super) async fn waiting(
        &self,
        id: RequestId,
        sessions: &[u32],
    ) -> Result<Vec<u32>, StoreError> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let (rows, _) = self.ask(&sql::waiting_for(id, sessions)).await?;
        let numbers = rows.iter().filter_map(|row| number(row, 0));
        Ok(numbers.filter_map(|number| number.try_into().ok()).collect())
    }

    async fn connect(&self) -> Result<Session, StoreError> {
        Session::connect(&self.opts).await.map_err(not_connected)
    }

    /// Makes the table that was found to be missing.
    async fn make_table(&self, missing: Error) -> Result<Session, Error> {
        let made = Session::connect(&self.opts).await?.run(sql::TABLE).await;
        made.map(|(session, _)| session).map_err(|error| {
            if is_broken(&error) {
                return error;
            }
            let run = format!("have somebody run: {}", sql::TABLE);
            Error::Other(format!("{missing}; and it may not be made: {error}; {run}").into())
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
