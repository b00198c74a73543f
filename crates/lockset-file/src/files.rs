//! The openings of one file, of which the kernel takes each for a lock owner of its own.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use crate::sys;

/// What this process has open of one lock file.
#[derive(Debug)]
pub(crate) struct Files {
    /// As it was first opened.
    pub(crate) path: PathBuf,
    main: File,
    /// The helper's own. It may be asleep in the kernel on behalf of one who has given up long ago,
    /// while others lock and unlock the main one.
    spare: OnceLock<File>,
    /// Whether the lock lies ready for whoever of this process is awake: a hint for those who spin,
    /// which locks nothing and promises nothing.
    pub(crate) is_kept: AtomicBool,
}

/// One of the openings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Main,
    Helper,
}

impl Files {
    pub(crate) const fn new(path: PathBuf, main: File) -> Self {
        Self { path, main, spare: OnceLock::new(), is_kept: AtomicBool::new(false) }
    }

    pub(crate) const fn main(&self) -> &File {
        &self.main
    }

    /// The opening through which the kernel has granted the lock.
    #[inline]
    pub(crate) fn of(&self, by: By) -> &File {
        match by {
            By::Main => &self.main,
            // It is opened before anything is asked for through it.
            By::Helper => self.spare.get().unwrap_or(&self.main),
        }
    }

    /// The helper's opening. For the helper alone, of whom there is one at a time.
    pub(crate) fn spare(&self) -> io::Result<&File> {
        if self.spare.get().is_none() {
            let opened = sys::open_again(&self.main, &self.path)?;
            drop(self.spare.set(opened));
        }
        Ok(self.of(By::Helper))
    }
}
