//! What is sent: a question a connection, and its answer, a line each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The port of all servers.
pub(crate) const PORT: u16 = 1;

/// The longest that a server waits for a question, or a card for the end of a long wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Question {
    Attempt {
        id: String,
        lock: String,
        ttl: Duration,
        floor: u64,
        patience: Duration,
    },
    /// Answered when the lock is handed over, or there is no more sense in waiting.
    Wait {
        id: String,
        lock: String,
    },
    Renew {
        id: String,
        lock: String,
        ttl: Duration,
    },
    Release {
        id: String,
        lock: String,
    },
    Raise {
        id: String,
        lock: String,
        fence: u64,
    },
    Recall,
    Enroll {
        abstinence: Duration,
        top: u64,
        longest: Duration,
    },
    /// To the storage.
    Write {
        lock: String,
        fence: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    Granted { fence: u64 },
    Busy { held: Duration },
    Queued { held: Duration },
    Stranger,
    Retry,
    Yes,
    No,
    Memory { top: u64, longest: Duration },
    In(Duration),
}

impl Question {
    /// As the history tells it, with these names for ids.
    pub(crate) fn told(&self, name_of: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Attempt { id, lock, ttl, floor, patience } => {
                let line = if patience.is_zero() { "" } else { " or stand in line" };
                format!("{}: take {lock} for {ttl:?} from {floor}{line}", name_of(id))
            }
            Self::Wait { id, lock } => format!("{}: wait for {lock}", name_of(id)),
            Self::Renew { id, lock, ttl } => {
                format!("{}: renew {lock} for {ttl:?}", name_of(id))
            }
            Self::Release { id, lock } => format!("{}: release {lock}", name_of(id)),
            Self::Raise { id, lock, fence } => {
                format!("{}: raise {lock} to {fence}", name_of(id))
            }
            Self::Recall => "recall".into(),
            Self::Enroll { abstinence, top, longest } => {
                format!("enroll after {abstinence:?} with {top}, {longest:?}")
            }
            Self::Write { lock, fence } => format!("write {lock} with {fence}"),
        }
    }
}

/// A message as it is sent.
pub(crate) fn line(message: &impl Serialize) -> String {
    let mut line = serde_json::to_string(message).expect("it has no maps");
    line.push('\n');
    line
}

/// What a line says, if it is whole.
pub(crate) fn parse<'a, T: Deserialize<'a>>(line: &'a str) -> Option<T> {
    serde_json::from_str(line.strip_suffix('\n')?).ok()
}
