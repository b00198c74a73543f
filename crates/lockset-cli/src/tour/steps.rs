//! The steps of the tour, in order: each is a file that reads like a lesson.

mod file;
mod lease;
mod mutex;
mod none;
mod remote;
mod semaphore;

use clap::ValueEnum;
use lockset_trace::History;
use serde::{Deserialize, Serialize};

use super::Tour;
use super::figures::Figures;
use super::worker::Boss;
use crate::error::Result;

/// A step of the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// Threads and no lock
    None,
    /// Threads and a mutex
    Mutex,
    /// Threads and a gateway that stands a few calls at once
    Semaphore,
    /// Processes and a file
    File,
    /// Processes and jobs that each is to be run once
    Remote,
    /// A holder that is paused for longer than its lease
    Lease,
}

/// Whether a part of a step does without the lock that the step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    /// Something must go wrong.
    Without,
    /// Nothing may.
    With,
}

/// One run of the job.
pub(crate) struct Part {
    pub(crate) step: Step,
    pub(crate) side: Side,
    /// What holds the workers apart, in a word or two.
    pub(crate) title: &'static str,
    /// How many may be in at once, for the verdict on the trace.
    pub(crate) limit: usize,
    pub(crate) show: fn(&Tour) -> Result<Seen>,
}

impl Part {
    /// The step, and where it has two parts, which of them.
    pub(crate) fn label(&self) -> String {
        match (self.step.name(), self.title) {
            (step, title) if step == title => step.to_owned(),
            (step, title) => format!("{step} ({title})"),
        }
    }
}

/// What a part has shown.
pub(crate) struct Seen {
    pub(crate) figures: Figures,
    pub(crate) history: History,
}

/// All parts of the tour, in order.
pub(crate) const PARTS: &[Part] = {
    use Side::{With, Without};
    use Step::{File, Lease, Mutex, None, Remote, Semaphore};
    const fn part(
        step: Step,
        side: Side,
        title: &'static str,
        limit: usize,
        show: fn(&Tour) -> Result<Seen>,
    ) -> Part {
        Part { step, side, title, limit, show }
    }
    &[
        part(None, Without, "no lock", 1, none::without),
        part(Mutex, With, "mutex", 1, mutex::with),
        part(Semaphore, Without, "no semaphore", semaphore::LIMIT, semaphore::without),
        part(Semaphore, With, "semaphore", semaphore::LIMIT, semaphore::with),
        part(File, Without, "no file lock", 1, file::without),
        part(File, With, "file lock", 1, file::with),
        part(Remote, Without, "no remote lock", 1, remote::without),
        part(Remote, With, "remote lock", 1, remote::with),
        part(Lease, Without, "no fence check", 1, lease::without),
        part(Lease, With, "fence check", 1, lease::with),
    ]
};

impl Step {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mutex => "mutex",
            Self::Semaphore => "semaphore",
            Self::File => "file",
            Self::Remote => "remote",
            Self::Lease => "lease",
        }
    }

    /// What the step is about, for somebody who has read those before it: a heading and a few
    /// sentences.
    pub(crate) fn story(self) -> (&'static str, &'static str) {
        match self {
            Self::None => none::STORY,
            Self::Mutex => mutex::STORY,
            Self::Semaphore => semaphore::STORY,
            Self::File => file::STORY,
            Self::Remote => remote::STORY,
            Self::Lease => lease::STORY,
        }
    }

    /// Whether the step starts processes, which are told the names of their files in JSON.
    pub(crate) fn needs_processes(self) -> bool {
        matches!(self, Self::File | Self::Remote | Self::Lease)
    }

    /// Whether the step asks the server that keeps the leases.
    pub(crate) fn needs_server(self) -> bool {
        matches!(self, Self::Remote | Self::Lease)
    }
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Without => "without",
            Self::With => "with",
        }
    }
}

/// What a worker process is to do: the tasks of the steps that need processes.
#[derive(Serialize, Deserialize)]
pub(crate) enum Task {
    Book(file::Task),
    Claim(remote::Task),
    Deposit(lease::Task),
}

impl Task {
    /// Does it, in the worker process, and returns what the tour is to be told.
    pub(crate) fn work(self, boss: &mut Boss) -> Result<serde_json::Value> {
        Ok(match self {
            Self::Book(task) => serde_json::to_value(task.work(boss)?)?,
            Self::Claim(task) => serde_json::to_value(task.work(boss)?)?,
            Self::Deposit(task) => serde_json::to_value(task.work(boss)?)?,
        })
    }
}
