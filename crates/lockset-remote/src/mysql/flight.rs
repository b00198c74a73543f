//! A wait for a lock, under way on a session of its own.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use super::server::{Answer, Server, Watch, lock};
use super::session::Session;
use crate::store::StoreError;

/// The answer may take this much longer than the server was told to wait, and then the connection
/// is taken for dead: a turn's wait, and what a busy server needs.
const SLACK: Duration = Duration::from_secs(10);

/// One exchange, for as long as it takes. It goes on whoever listens, so that its answer, and what
/// that says of the session, is never lost.
pub(super) struct Flight {
    task: JoinHandle<Result<Answer, StoreError>>,
    looked: Option<oneshot::Receiver<Option<u64>>>,
    sent_by: Arc<Mutex<Vec<u32>>>,
    pub(super) sent: Instant,
    /// How long the server was told to wait.
    patience: Duration,
}

impl Flight {
    pub(super) fn start(
        server: &Arc<Server>,
        own: Option<Session>,
        text: String,
        patience: Duration,
    ) -> Self {
        let (look, looked) = oneshot::channel();
        let mut watch = Watch { look: Some(look), ..Watch::default() };
        let sent_by = Arc::clone(&watch.sent_by);
        let server = Arc::clone(server);
        let task = tokio::spawn(async move {
            let exchange = server.exchange(own, &text, &mut watch);
            let answer = tokio::time::timeout(patience + SLACK, exchange).await;
            answer.unwrap_or_else(|elapsed| Err(StoreError::interrupted(elapsed)))
        });
        Self { task, looked: Some(looked), sent_by, sent: Instant::now(), patience }
    }

    /// The answer; or what the holder has left, if the server says that first.
    pub(super) async fn land_or_look(&mut self) -> Result<Result<Answer, StoreError>, Duration> {
        let Some(looked) = self.looked.take() else { return Ok(self.land().await) };
        tokio::select! {
            biased;
            landed = &mut self.task => Ok(flatten(landed)),
            Ok(micros) = looked => Err(Duration::from_micros(micros.unwrap_or(0))),
        }
    }

    /// The answer. Nothing is lost if this is not awaited to its end.
    pub(super) async fn land(&mut self) -> Result<Answer, StoreError> {
        flatten((&mut self.task).await)
    }

    /// How long it is worth while to let it end by itself: its time is nearly over.
    pub(super) fn ends_in(&self) -> Option<Duration> {
        let left = (self.sent + self.patience).saturating_duration_since(Instant::now());
        (left < Duration::from_secs(1)).then(|| left + Duration::from_millis(1200))
    }

    /// The sessions by which it was sent.
    pub(super) fn sessions(&self) -> Vec<u32> {
        lock(&self.sent_by).clone()
    }

    /// Gives it up, if it has not been sent at all.
    pub(super) async fn cancel(&mut self) {
        self.task.abort();
        drop((&mut self.task).await);
    }
}

fn flatten(ended: Result<Result<Answer, StoreError>, JoinError>) -> Result<Answer, StoreError> {
    ended.unwrap_or_else(|error| Err(StoreError::interrupted(error)))
}
