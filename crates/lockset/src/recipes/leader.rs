//! Who leads, for those who do not.

use core::time::Duration;

use lockset_api::{Error, Fence};
use lockset_remote::{Observer, Status};

/// Who leads, as the server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leader {
    /// Its program, process and machine.
    pub holder: String,
    /// What it noted of itself, see [`RemoteLock::with_note`](lockset_remote::RemoteLock): where it
    /// can be reached, say.
    pub note: Option<String>,
    /// The number of its term: a message with a lower one is of an earlier leader.
    pub term: Fence,
    /// For how long it has led.
    pub since: Duration,
}

/// Looks at an election every so often, and tells when the leader has changed.
///
/// It is an endless iterator, too; after an error it looks again.
#[derive(Debug)]
#[must_use = "it only looks when it is asked for a change"]
pub struct Leaders {
    observer: Observer,
}

impl Leaders {
    pub(super) const fn new(observer: Observer) -> Self {
        Self { observer }
    }

    /// Waits until another leads than at the last look, or nobody does; the first look does not
    /// wait.
    ///
    /// # Errors
    ///
    /// Those of [`inspect`](lockset_remote::Locks::inspect).
    pub fn changed(&mut self) -> Result<Option<Leader>, Error> {
        self.observer.changed().map(leader)
    }

    /// The same for a task. Cancel-safe: a change that was not received is told of by the next
    /// call.
    ///
    /// # Errors
    ///
    /// As [`changed`](Self::changed).
    pub async fn changed_async(&mut self) -> Result<Option<Leader>, Error> {
        self.observer.changed_async().await.map(leader)
    }
}

impl Iterator for Leaders {
    type Item = Result<Option<Leader>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.changed())
    }
}

fn leader(status: Status) -> Option<Leader> {
    let party = status.holders.into_iter().next()?;
    let term = status.fence?;
    Some(Leader { holder: party.holder, note: party.note, term, since: party.since })
}
