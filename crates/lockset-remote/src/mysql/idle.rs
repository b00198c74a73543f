//! Sessions that hold nothing, kept for the next exchange.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::session::Session;

/// How many are kept: enough for the threads of a busy process, few for a server of which each
/// costs some memory.
const MOST: usize = 16;

/// How long the server keeps a session that says nothing. A release says so in its own exchange.
pub(super) const KEPT: Duration = Duration::from_secs(60);

/// The server counts in seconds, and a statement is some time on its way.
const MARGIN: Duration = Duration::from_secs(5);

/// The sessions of a store that nobody uses, the latest used last.
#[derive(Default)]
pub(super) struct Idle(Mutex<Vec<(Session, Instant)>>);

impl Idle {
    /// One that the server has not closed for its silence.
    pub(super) fn take(&self) -> Option<Session> {
        let mut idle = self.lock();
        let (session, since) = idle.pop()?;
        if since.elapsed() < KEPT - MARGIN {
            return Some(session);
        }
        // All others are older.
        idle.clear();
        None
    }

    /// Keeps a session that holds nothing.
    pub(super) fn keep(&self, session: Session) {
        let mut idle = self.lock();
        if idle.len() < MOST {
            idle.push((session, Instant::now()));
        }
    }

    /// Sessions that were opened to a server which has since died are no use.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Session, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
