//! What a lock has to do to be compared.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A lock as one contender sees it: ours, or one that people would otherwise pick.
///
/// This is all that a new rival takes. Each contender has a value of its own: a reference to a
/// mutex, an open file, a connection. What cannot go on panics, and its rows say why.
pub trait Rival: Sized + Send + 'static {
    /// The lock of this place, which nobody else has yet.
    fn open(place: &Place) -> Self;
    /// The same lock for another contender, with an opening or a connection of its own.
    fn another(&self) -> Self;
    /// Takes the lock, runs `inside`, and gives the lock back before it returns.
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T;
}

/// A lock that can be waited for until a deadline.
pub trait Timed: Rival {
    /// As [`Rival::section`], but for no longer than `limit`; `None` if it was not had by then.
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T>;
}

/// A lock that a task waits for, and may give up waiting for at any time.
pub trait Cancelled: Rival {
    /// Begins to wait for the lock, which somebody holds, and gives up at once: polls the future
    /// once and drops it.
    fn abandon(&mut self);
}

/// Where a lock is: what of this it needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Place {
    /// A folder for files, on a disk.
    pub dir: PathBuf,
    /// A name that no other lock of this run has.
    pub name: String,
    /// The server, for a lock that is kept by one; of a quorum, all of them with commas between.
    pub url: String,
}

impl Place {
    /// The place of a lock that is a file, and nothing else.
    #[must_use]
    pub fn of_file(path: &Path) -> Self {
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { dir, name, url: String::new() }
    }

    /// A file of this lock's own.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.dir.join(&self.name)
    }
}
