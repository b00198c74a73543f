//! One session of the server's, on a connection of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Row};

use super::fault::{POOLED, failed};
use super::statements::{CLEAN, HOLDS, Sharing, Statements};
use super::transport::Wire;
use super::{Server, setup};
use crate::store::{LossNotice, StoreError};

/// A session; it ends with this value, whatever is under way in it.
pub(super) struct Session {
    client: Client,
    wire: JoinHandle<()>,
    /// The server's process for it.
    pub(super) process: i32,
    exclusive: OnceCell<Statements>,
    shared: OnceCell<Statements>,
    end: Arc<End>,
}

/// Who is to hear of a session's end.
#[derive(Default)]
struct End(Mutex<State>);

#[derive(Default)]
struct State {
    has_come: bool,
    notice: Option<LossNotice>,
}

impl Session {
    /// Connects, and makes sure that it is a session, on a server that will do.
    pub(super) async fn open(server: &Server) -> Result<Self, StoreError> {
        let (client, wire) = connect(server).await?;
        let end = Arc::<End>::default();
        let told = Arc::clone(&end);
        // What the server says last is told to whoever waits for an answer.
        let wire = tokio::spawn(async move {
            wire.await;
            told.come();
        });
        let (exclusive, shared) = (OnceCell::new(), OnceCell::new());
        let mut session = Self { client, wire, process: 0, exclusive, shared, end };
        session.process = setup::prepare(&session.client, server).await?;
        Ok(session)
    }

    /// Whether nothing can be said in it any more.
    pub(super) fn has_ended(&self) -> bool {
        self.client.is_closed() || self.end.state().has_come
    }

    /// Has its end told, to nobody but this one, at once if it has come already.
    pub(super) fn watch(&self, notice: LossNotice) {
        let mut state = self.end.state();
        if state.has_come {
            drop(state);
            return notice.tell();
        }
        state.notice = Some(notice);
    }

    /// Its end is nobody's business any more.
    pub(super) fn unwatch(&self) {
        self.end.state().notice = None;
    }

    /// The client, to ask what takes more than a row.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The statements of a mode, prepared when they are first needed.
    pub(super) async fn statements(&self, sharing: Sharing) -> Result<&Statements, StoreError> {
        let prepared = match sharing {
            Sharing::Exclusive => &self.exclusive,
            Sharing::Shared => &self.shared,
        };
        let prepare = || Statements::prepare(&self.client, sharing);
        prepared.get_or_try_init(prepare).await.map_err(failed)
    }

    /// Whose lock it holds, by the text of the request's id; empty if nobody's.
    pub(super) async fn holds(&self) -> Result<String, StoreError> {
        let row = self.client.query_typed(HOLDS, &[]).await.map_err(failed)?;
        one(row)?.try_get(0).map_err(StoreError::refused)
    }

    /// Ends a wait, if one is under way, and gives back whatever was taken.
    pub(super) async fn clean(&self, server: &Server) -> Result<(), StoreError> {
        // A query of its own would stand behind the one that waits. That the request to cancel
        // fails is no matter: the answer to what follows tells.
        let cancel = self.client.cancel_token();
        drop(server.cancel(cancel).await);
        self.client.query_typed(CLEAN, &[]).await.map_err(failed)?;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The client itself would wait for the answers that are still to come.
        self.wire.abort();
    }
}

impl End {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn come(&self) {
        let mut state = self.state();
        state.has_come = true;
        let notice = state.notice.take();
        drop(state);
        if let Some(notice) = notice {
            notice.tell();
        }
    }
}

/// The only row of an answer.
pub(super) fn one(rows: Vec<Row>) -> Result<Row, StoreError> {
    rows.into_iter().next().ok_or_else(|| StoreError::refused(POOLED))
}

/// A connection, and what has to run for it.
pub(super) async fn connect(server: &Server) -> Result<(Client, Wire), StoreError> {
    server.transport.connect(&server.config).await
}
