//! A wait for a lock, under way on a session of its own.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockset_api::Name;
use tokio::task::{JoinError, JoinHandle};

use super::server::{Answer, Server, lock};
use super::session::Session;
use crate::store::StoreError;

/// The answer may take this much longer than the server was told to wait, and then the connection
/// is taken for dead: a turn's wait, and what a busy server needs.
const SLACK: Duration = Duration::from_secs(10);

/// One exchange, for as long as it takes. It goes on whoever listens, so that its answer, and what
/// that says of the session, is never lost.
pub(super) struct Flight {
    task: JoinHandle<Result<Answer, StoreError>>,
    sent_by: Arc<Mutex<Vec<u32>>>,
    pub(super) sent: Instant,
    /// How long the server was told to wait.
    patience: Duration,
    /// How often it was looked for, and not found since it was last.
    looks: u32,
    missed: u32,
}

/// What is known of a waiter from elsewhere than its own connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum InLine {
    Yes,
    /// Not there, or nobody can say so.
    No,
}

/// How long a server that answers at all takes, at most.
const PROMPT: Duration = Duration::from_secs(5);

/// Between two looks whether a waiter still waits: seldom, since each is an exchange.
const LOOKS: Duration = Duration::from_secs(10);

impl Flight {
    pub(super) fn start(
        server: &Arc<Server>,
        own: Option<Session>,
        text: String,
        name: Name,
        patience: Duration,
    ) -> Self {
        // Before anybody can run the task: the server may count from then.
        let sent = Instant::now();
        let sent_by = Arc::new(Mutex::default());
        let (noted, server) = (Arc::clone(&sent_by), Arc::clone(server));
        let task = tokio::spawn(async move {
            let exchange = server.take(own, &text, &name, &noted);
            let answer = tokio::time::timeout(patience + SLACK, exchange).await;
            answer.unwrap_or_else(|elapsed| Err(StoreError::interrupted(elapsed)))
        });
        Self { task, sent_by, sent, patience, looks: 0, missed: 0 }
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

    /// How long to wait before it is looked for: the first time soon, in case the server hangs, and
    /// soon again if it was not found.
    pub(super) fn next_look(&self, ttl: Duration) -> Duration {
        if self.looks == 0 || self.missed > 0 { ttl.min(PROMPT) } else { LOOKS }
    }

    /// What a look has come to. Once its answer may have been on its way, or nobody was there to
    /// ask for a moment; after a second time it is lost.
    pub(super) fn is_lost(&mut self, in_line: InLine) -> bool {
        self.looks = self.looks.saturating_add(1);
        self.missed = match in_line {
            InLine::Yes => 0,
            InLine::No => self.missed + 1,
        };
        self.missed > 1
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
