//! How a file lock is to behave, where that is a choice.

use std::path::{self, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lockset_api::{Error, ErrorKind};

use crate::explain::explain;
use crate::inode::Inode;
use crate::lock::FileLock;
use crate::network::{self, NetworkFs};
use crate::per_process::PerProcess;
use crate::state::Limits;
use crate::sys::{self, Extent};
use crate::table;

/// How a [`FileLock`] is to behave; [`FileLock::open`] takes the defaults.
///
/// ```
/// use lockset_api::Lock;
/// use lockset_file::Options;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("nightly.lock");
/// let lock = Options::new().record("the nightly report").remove_on_release().open(&path)?;
/// let guard = lock.lock()?;
/// assert_eq!(lock.status()?.holders[0].note.as_deref(), Some("the nightly report"));
/// drop(guard);
/// assert!(!path.exists());
/// # Ok::<(), lockset_api::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "open it"]
pub struct Options {
    limits: Limits,
    network: NetworkFs,
    removes: bool,
    note: Option<String>,
}

/// What the handles and guards of one [`FileLock`], or of one range, share.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) path: PathBuf,
    pub(crate) first: Arc<Inode>,
    /// The file that took the first one's place: at this path, or in a forked child.
    later: PerProcess<Mutex<Option<Arc<Inode>>>>,
    pub(crate) options: Options,
}

/// Whether a file is still where it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Kept,
    /// It was removed, and perhaps another one is there.
    Lost,
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often in a row the lock may go to the next waiter of this process, before waiters of
    /// other processes are let in; 4096 unless set.
    ///
    /// Within the process it costs no system call, so threads of one process that crowd on a file
    /// do many more sections in the same time. Another process waits the longer. Whatever this
    /// says, the lock goes round after a millisecond in which it has been passed on, so it is
    /// sections of microseconds that this is about. 0 asks the kernel each time, whose queue is
    /// first come, first served between processes, by and large.
    pub const fn hand_overs(mut self, times: u32) -> Self {
        self.limits.times = times;
        self
    }

    /// How long in a row the lock may stay in this process while others of it wait, instead of a
    /// millisecond.
    pub const fn hand_over_for(mut self, span: Duration) -> Self {
        self.limits.span = span;
        self
    }

    /// What to do if the file is on a network file system; [`NetworkFs::Refuse`] unless set.
    pub const fn network(mut self, policy: NetworkFs) -> Self {
        self.network = policy;
        self
    }

    /// Removes the file when it is unlocked and nobody of this process waits for it.
    ///
    /// **Everybody who locks this file must do so with this option**, or check as it does: who is
    /// granted the lock looks whether the path still leads to the file that he has locked, and
    /// otherwise begins anew with the one that is there. Who does not look, such as flock(1), may
    /// hold the lock of a file that nobody else finds any more.
    ///
    /// Only a guard that holds the lock exclusively removes it. Elsewhere than on Unix, where one
    /// file at a path is not told from the next, opening the lock is an error of kind
    /// `Unsupported`.
    pub const fn remove_on_release(mut self) -> Self {
        self.removes = true;
        self
    }

    /// Writes into the file who holds it exclusively, since when, and this note (of which the first
    /// line counts), for [`FileLock::status`] to tell. **What is in the file is overwritten**, and
    /// gone when it is unlocked.
    ///
    /// Without it, `status` knows the holder's process and command, but neither since when nor what
    /// for. It costs three system calls a lock. A record that cannot be written, because the disk
    /// is full, is left out.
    pub fn record(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// A lock on the file at `path`, which is created, empty, if there is none.
    ///
    /// # Errors
    ///
    /// As [`FileLock::open`].
    pub fn open(self, path: impl Into<PathBuf>) -> Result<FileLock, Error> {
        Ok(FileLock::of(self.open_extent(&path.into(), Extent::Whole)?))
    }

    pub(crate) fn open_extent(self, path: &Path, extent: Extent) -> Result<Arc<Handle>, Error> {
        if self.removes && !sys::TELLS_FILES_APART {
            let detail = "files that come and go at one path are not told apart on this system";
            return Err(Error::new(ErrorKind::Unsupported, detail).with_lock(path.display()));
        }
        // It means the same file also after the process has changed its directory.
        let path = path::absolute(path).map_err(|error| explain(path, "find", error))?;
        let first = self.inode_at(&path, extent)?;
        let later = PerProcess::new();
        Ok(Arc::new(Handle { path, first, later, options: self }))
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) const fn removes(&self) -> bool {
        self.removes
    }

    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    fn inode_at(&self, path: &Path, extent: Extent) -> Result<Arc<Inode>, Error> {
        let inode = table::open(path, extent)?;
        network::admit(&inode.files, path, self.network)?;
        Ok(inode)
    }
}

impl Handle {
    /// The file to lock; opened anew only in a forked child, or after [`renew`](Self::renew).
    #[inline]
    pub(crate) fn inode(&self) -> Result<Option<Arc<Inode>>, Error> {
        if !self.first.is_foreign() && !self.options.removes {
            return Ok(None);
        }
        self.later_inode().map(Some)
    }

    #[cold]
    fn later_inode(&self) -> Result<Arc<Inode>, Error> {
        let mut later = self.later.get().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inode) = &*later {
            return Ok(Arc::clone(inode));
        }
        if !self.first.is_foreign() {
            return Ok(Arc::clone(&self.first));
        }
        let inode = self.options.inode_at(&self.path, self.first.files.extent())?;
        Ok(Arc::clone(later.insert(inode)))
    }

    /// Whether the path still leads to this file; of interest only where files are removed.
    pub(crate) fn place_of(&self, inode: &Inode) -> Result<Place, Error> {
        if !self.options.removes {
            return Ok(Place::Kept);
        }
        let found =
            sys::identity_at(&self.path).map_err(|error| explain(&self.path, "look for", error))?;
        let is_kept = found.as_ref() == Some(&inode.identity);
        Ok(if is_kept { Place::Kept } else { Place::Lost })
    }

    /// Opens the file that is at the path now.
    #[cold]
    pub(crate) fn renew(&self) -> Result<(), Error> {
        let inode = self.options.inode_at(&self.path, self.first.files.extent())?;
        let mut later = self.later.get().lock().unwrap_or_else(PoisonError::into_inner);
        let before = later.replace(inode);
        drop(later);
        drop(before);
        Ok(())
    }
}
