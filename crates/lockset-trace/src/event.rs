//! What can happen to a lock, as one record of a log.
//!
//! An event says who saw what on which lock, and when. The verbs are those of an observer outside
//! the lock, so the same few serve a mutex, a semaphore, a file lock and a lease.

use serde::{Deserialize, Serialize};

use crate::Stamp;

/// One thing that happened to one lock, in one actor's life.
///
/// Its JSON form is flat and takes one line:
///
/// ```
/// use lockset_trace::{Event, Stamp, What};
///
/// let event =
///     Event::new(Stamp::from_nanos(7), "worker 3", "ledger", What::Got { fence: Some(41) });
/// let line = r#"{"at":7,"actor":"worker 3","lock":"ledger","what":"got","fence":41}"#;
/// assert_eq!(serde_json::to_string(&event)?, line);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// When it happened.
    pub at: Stamp,
    /// To whom: the label of a lane, such as `worker 3`.
    pub actor: String,
    /// To which lock, such as `ledger`. Locks of different names are checked apart.
    pub lock: String,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

impl Event {
    /// An event for a history that is put together by hand; a [`Recorder`](crate::Recorder) makes
    /// its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockset_trace::{Event, Stamp, What};
    ///
    /// let event = Event::new(Stamp::now(), "worker 3", "ledger", What::Want);
    /// assert_eq!(event.actor, "worker 3");
    /// ```
    pub fn new(at: Stamp, actor: impl Into<String>, lock: impl Into<String>, what: What) -> Self {
        Self { at, actor: actor.into(), lock: lock.into(), what }
    }
}

/// What happened to a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// The actor is about to ask for the lock.
    Want,
    /// The actor has the lock: the acquire returned.
    Got {
        /// The fence of the grant, where the lock has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fence: Option<u64>,
    },
    /// The actor is about to give the lock back.
    Released,
    /// The actor stopped waiting without the lock.
    GaveUp,
    /// The actor's hold ended at this instant without its doing: the lease ran out, or the holder
    /// was killed. It may not have noticed, and may go on as if it still held the lock.
    Expired,
    /// The protected resource accepted a write.
    Wrote {
        /// When the write was sent. It took effect between this instant and the event's own.
        since: Stamp,
        /// The fence that the write carried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fence: Option<u64>,
    },
    /// The protected resource refused a write.
    Refused {
        /// The fence that the write carried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fence: Option<u64>,
    },
    /// The actor stopped running: a stopped process, a long collection of garbage.
    Paused,
    /// The actor runs again.
    Resumed,
}
