//! Who holds a lock and who waits for it, as the server sees it.

use std::time::Duration;

use lockset_api::Fence;

use crate::RequestId;

/// What a server says of one lock, at one moment: by the time it is read it may be otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The fence of the latest grant, if there was one that the server remembers.
    pub fence: Option<Fence>,
    /// Those who hold it.
    pub holders: Vec<Party>,
    /// Those who wait for it, first the one whose turn is next.
    pub waiters: Vec<Party>,
}

/// One holder, or one waiter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Party {
    /// The request that holds or waits.
    pub id: RequestId,
    /// Who made it: program, process and machine.
    pub holder: String,
    /// What its maker noted, see [`RemoteLock::with_note`](crate::RemoteLock::with_note).
    pub note: Option<String>,
    /// How much of the lock it has, or asks for: its mode's [`weight`](crate::Mode::weight).
    pub weight: u32,
    /// How long it has held, or waited.
    pub since: Duration,
    /// How much longer it holds, or waits, unless it is heard of again.
    pub remaining: Duration,
}

impl Party {
    /// A party of this weight that has held or waited for `since`, and has `remaining` left.
    #[must_use]
    pub fn new(
        id: RequestId,
        holder: String,
        weight: u32,
        since: Duration,
        remaining: Duration,
    ) -> Self {
        Self { id, holder, note: None, weight, since, remaining }
    }

    /// The same with a note.
    #[must_use]
    pub fn with_note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }
}
