//! The openings of one file, of which the kernel takes each for a lock owner of its own.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;

use crate::sync::{AtomicBool, AtomicU64, kernel};
use crate::sys::{self, Answer, Extent, Mode};

/// What this process has open of one lock file.
#[derive(Debug)]
pub(crate) struct Files {
    /// As it was first opened.
    pub(crate) path: PathBuf,
    /// What of it is locked.
    extent: Extent,
    main: File,
    /// The helper's own. It may be asleep in the kernel on behalf of one who has given up long ago,
    /// while others lock and unlock the main one.
    spare: OnceLock<File>,
    pub(crate) hints: Hints,
}

/// What those who spin look at, to lock the state only when that is worth it. It promises nothing.
///
/// # Notes about memory ordering
///
/// All is Relaxed: whoever follows a hint locks the state, and finds out there.
#[derive(Debug)]
pub(crate) struct Hints {
    /// Whether the kernel has granted the lock to this process.
    is_here: AtomicBool,
    /// Whether it lies ready for whoever of this process is awake.
    is_kept: AtomicBool,
    /// The ticket of the first in the queue.
    first: AtomicU64,
}

impl Hints {
    fn new() -> Self {
        let (is_here, is_kept) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { is_here, is_kept, first: AtomicU64::new(0) }
    }

    pub(crate) fn is_here(&self) -> bool {
        self.is_here.load(Relaxed)
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept.load(Relaxed)
    }

    pub(crate) fn is_first(&self, ticket: u64) -> bool {
        self.first.load(Relaxed) == ticket
    }

    #[inline]
    pub(crate) fn set_here(&self, is_here: bool) {
        self.is_here.store(is_here, Relaxed);
    }

    pub(crate) fn set_kept(&self, is_kept: bool) {
        self.is_kept.store(is_kept, Relaxed);
    }

    pub(crate) fn set_first(&self, ticket: u64) {
        self.first.store(ticket, Relaxed);
    }
}

/// One of the openings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Main,
    Helper,
}

impl Files {
    pub(crate) fn new(path: PathBuf, main: File, extent: Extent) -> Self {
        Self { path, extent, main, spare: OnceLock::new(), hints: Hints::new() }
    }

    pub(crate) const fn extent(&self) -> Extent {
        self.extent
    }

    pub(crate) const fn main(&self) -> &File {
        &self.main
    }

    /// Sleeps in the kernel's queue until the lock is granted to this opening.
    pub(crate) fn lock(&self, by: By, mode: Mode) -> io::Result<()> {
        kernel::lock(self.of(by), self.extent, mode)
    }

    /// Takes the lock for this opening if that takes no waiting. What it held before may be given
    /// up in any case.
    #[inline]
    pub(crate) fn try_lock(&self, by: By, mode: Mode) -> io::Result<Answer> {
        kernel::try_lock(self.of(by), self.extent, mode)
    }

    #[inline]
    pub(crate) fn unlock(&self, by: By) -> io::Result<()> {
        kernel::unlock(self.of(by), self.extent)
    }

    #[inline]
    fn of(&self, by: By) -> &File {
        match by {
            By::Main => &self.main,
            // It is opened before anything is asked for through it.
            By::Helper => self.spare.get().unwrap_or(&self.main),
        }
    }

    /// Makes the helper's opening. For the helper alone, of whom there is one at a time.
    pub(crate) fn open_spare(&self) -> io::Result<()> {
        if self.spare.get().is_none() {
            let opened = sys::open_again(&self.main, &self.path)?;
            drop(self.spare.set(opened));
        }
        Ok(())
    }
}
