//! What happened, in order.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::time::{Steps, duration};

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// In which step.
    pub(crate) step: u64,
    pub(crate) who: String,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// A process has a lease, which it asked for in the step `began`.
    Granted { lock: String, fence: u64, began: u64, left: Duration },
    /// The storage was asked to accept a write.
    Write { lock: String, fence: u64, accepted: bool },
    /// A lease was lost.
    Lost,
    /// A wait came to nothing.
    GaveUp,
    /// A master was asked something, and answered.
    Answered { question: String, answer: String },
    /// Something broke, or was repaired.
    Fault(String),
    /// What is of interest to readers only.
    Note(String),
    /// What must not be.
    Violation(String),
}

/// All that happened.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) steps: Steps,
    entries: Arc<Mutex<Vec<Entry>>>,
    ids: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl History {
    pub(crate) fn new(steps: Steps) -> Self {
        Self { steps, entries: Arc::default(), ids: Arc::default() }
    }

    pub(crate) fn add(&self, who: impl fmt::Display, what: What) {
        let entry = Entry { step: self.steps.count(), who: who.to_string(), what };
        self.entries().push(entry);
    }

    /// What a request is called here: those of the engine's own, which no master ever grants
    /// anything, have ids that are not the seed's.
    pub(crate) fn name_of(&self, id: &str) -> String {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let next = ids.len() + 1;
        format!("#{}", ids.entry(id.into()).or_insert(next))
    }

    pub(crate) fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { step, who, what } in &*self.entries() {
            writeln!(f, "{:8.3} {who:10} {what}", duration(*step).as_secs_f64())?;
        }
        Ok(())
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted { lock, fence, began, left } => {
                let began = duration(*began).as_secs_f64();
                write!(f, "has {lock}, fence {fence}, for {left:?}; asked at {began:.3}")
            }
            Self::Write { lock, fence, accepted: true } => write!(f, "{lock} written by {fence}"),
            Self::Write { lock, fence, accepted: false } => write!(f, "{lock} refused to {fence}"),
            Self::Lost => f.write_str("lost it"),
            Self::GaveUp => f.write_str("gave up"),
            Self::Answered { question, answer } => write!(f, "  {question} -> {answer}"),
            Self::Fault(what) => write!(f, "*** {what}"),
            Self::Note(what) => f.write_str(what),
            Self::Violation(what) => write!(f, "!!! {what}"),
        }
    }
}
