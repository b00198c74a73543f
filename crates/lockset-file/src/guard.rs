//! What holds a file lock.

use core::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use lockset_api::Error;

use crate::errands::Errands;
use crate::explain::explain;
use crate::inode::Inode;
use crate::options::{Handle, Place};
use crate::record;
use crate::state::Held;
use crate::sys::{Answer, Mode};

/// Holds a [`FileLock`](crate::FileLock), exclusively or shared; dropping it unlocks.
///
/// It borrows nothing and may be sent to another thread or task. In a forked child it is nothing:
/// the lock is its parent's, and dropping it there does not unlock.
#[must_use = "dropping the guard unlocks the file"]
pub struct FileGuard {
    handle: Arc<Handle>,
    /// The file, if it is not the handle's first.
    later: Option<Arc<Inode>>,
    mode: Mode,
    /// What it does when it is dropped.
    ends: Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// It unlocks.
    Plainly,
    /// It clears the record or removes the file, and unlocks.
    Tidily,
    /// It holds nothing any more.
    Lost,
}

/// What has become of a shared lock that was to be made exclusive.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the lock may be lost"]
pub enum Upgrade {
    /// It is exclusive now. **Another process may have written in between**: look again at what was
    /// read before.
    Upgraded(FileGuard),
    /// Other threads of this process share it. It is held as before, and was all the time.
    Shared(FileGuard),
    /// Another process holds or shares it, and nothing is held any more: the kernel gives a lock
    /// up before it asks for another mode of it. Or the file is no longer the one at its path,
    /// where files are [removed](crate::Options::remove_on_release).
    Lost,
}

impl FileGuard {
    pub(crate) const fn new(handle: Arc<Handle>, later: Option<Arc<Inode>>, mode: Mode) -> Self {
        Self { handle, later, mode, ends: Ends::Plainly }
    }

    /// The guard as its user gets it.
    pub(crate) fn admitted(mut self) -> Self {
        if self.mode == Mode::Exclusive {
            if let Some(note) = self.handle.options.note() {
                self.ends = Ends::Tidily;
                // Who holds the lock holds it, whether or not that can be written down.
                let _ = record::write(self.inode().files.main(), note);
            } else if self.handle.options.removes() {
                self.ends = Ends::Tidily;
            }
        }
        self
    }

    /// Whether it was taken exclusively or shared.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The path of the file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.handle.path
    }

    /// Makes a shared lock exclusive, if that takes no waiting.
    ///
    /// The kernel cannot do this in one step, so this is no way to read, decide, and write what was
    /// decided; see [`Upgrade`]. Take the lock exclusively from the start for that. Of a guard that
    /// is exclusive already it changes nothing.
    ///
    /// ```
    /// use lockset_api::SharedLock;
    /// use lockset_file::{FileLock, Mode, Upgrade};
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// let lock = FileLock::open(dir.path().join("lock"))?;
    /// let (one, other) = (lock.read()?, lock.read()?);
    /// let Upgrade::Shared(one) = one.try_upgrade()? else { panic!("there is another reader") };
    /// drop(other);
    /// let Upgrade::Upgraded(writer) = one.try_upgrade()? else { panic!("nobody else is there") };
    /// assert_eq!(writer.mode(), Mode::Exclusive);
    /// # Ok::<(), lockset_api::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the kernel refuses to lock at all. The lock is lost then.
    pub fn try_upgrade(mut self) -> Result<Upgrade, Error> {
        let inode = Arc::clone(self.inode());
        if inode.is_foreign() {
            return Ok(Upgrade::Lost);
        }
        if self.mode == Mode::Exclusive {
            return Ok(Upgrade::Upgraded(self));
        }
        let converted = inode.change(|state| {
            if state.held != Held::Readers(1) {
                return None;
            }
            let converted = state.convert(&inode.files, Mode::Exclusive);
            // Said at once: a waker that panics below drops this guard.
            if matches!(converted, Ok(Answer::Granted)) {
                (state.held, self.mode) = (Held::Writer, Mode::Exclusive);
            } else {
                (state.held, self.ends) = (Held::Free, Ends::Lost);
            }
            Some(converted)
        });
        match converted {
            None => Ok(Upgrade::Shared(self)),
            // The file may have been removed by whoever held it in between.
            Some(Ok(Answer::Granted)) if self.place()? == Place::Lost => Ok(Upgrade::Lost),
            Some(Ok(Answer::Granted)) => Ok(Upgrade::Upgraded(self.admitted())),
            Some(failed) => {
                let failed = failed.map_err(|error| explain(&inode.files.path, "lock", error));
                failed.map(|_| Upgrade::Lost)
            }
        }
    }

    /// Shares a lock that was held exclusively; `None` if it was lost over that.
    ///
    /// Linux gives the exclusive lock up first, and another process that waits for it may get it at
    /// that moment. Of a guard that is shared already it changes nothing.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to lock at all. The lock is lost then.
    pub fn downgrade(mut self) -> Result<Option<Self>, Error> {
        let inode = Arc::clone(self.inode());
        if inode.is_foreign() {
            return Ok(None);
        }
        if self.mode == Mode::Shared {
            return Ok(Some(self));
        }
        if self.handle.options.note().is_some() {
            // A record is of one holder.
            let _ = record::clear(inode.files.main());
        }
        let converted = inode.change(|state| {
            let converted = state.convert(&inode.files, Mode::Shared);
            // Said at once: a waker that panics below drops this guard.
            if matches!(converted, Ok(Answer::Granted)) {
                state.held = Held::Readers(1);
                (self.mode, self.ends) = (Mode::Shared, Ends::Plainly);
            } else {
                (state.held, self.ends) = (Held::Free, Ends::Lost);
            }
            converted
        });
        match converted {
            // The file may have been removed by whoever held it in between.
            Ok(Answer::Granted) if self.place()? == Place::Kept => Ok(Some(self)),
            Ok(_) => Ok(None),
            Err(error) => Err(explain(&inode.files.path, "lock", error)),
        }
    }

    #[inline]
    pub(crate) fn inode(&self) -> &Arc<Inode> {
        self.later.as_ref().unwrap_or(&self.handle.first)
    }

    /// Whether the file is still at the path.
    pub(crate) fn place(&self) -> Result<Place, Error> {
        self.handle.place_of(self.inode())
    }

    /// Unlocks, and no more.
    pub(crate) fn let_go(self) {
        debug_assert_eq!(self.ends, Ends::Plainly, "nobody has had this guard yet");
        drop(self);
    }

    /// What is left to do before the file is unlocked.
    #[cold]
    fn tidy(&self) {
        let inode = self.inode();
        if self.handle.options.note().is_some() {
            let _ = record::clear(inode.files.main());
        }
        // Who waits for this file would have to begin anew with another.
        let is_wanted = || !inode.lock().queue.is_empty();
        if self.handle.options.removes() && !is_wanted() && matches!(self.place(), Ok(Place::Kept))
        {
            // Only the holder removes what the path leads to, and only the file that it holds.
            let _ = fs::remove_file(&self.handle.path);
        }
    }
}

impl Drop for FileGuard {
    #[inline]
    fn drop(&mut self) {
        if self.ends == Ends::Lost || self.inode().is_foreign() {
            return;
        }
        if self.ends == Ends::Tidily {
            self.tidy();
        }
        let inode = self.inode();
        let mut errands = Errands::default();
        inode.lock().release(&inode.files, self.handle.options.limits(), &mut errands);
        inode.run(errands);
    }
}

impl fmt::Debug for FileGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FileGuard");
        shown.field("path", &self.handle.path).field("mode", &self.mode).finish_non_exhaustive()
    }
}
