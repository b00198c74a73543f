//! The lock files that this process has open, each once, however many handles there are; and each
//! range of one that is locked by itself, likewise.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use lockset_api::Error;

use crate::explain::explain;
use crate::files::Files;
use crate::inode::Inode;
use crate::sys::{self, Extent, Identity, Process};

/// The table of one process, and those of the children that were forked from it, as each sees it.
///
/// A forked child has its parent's memory, but neither its threads nor, properly, its locks. It
/// gets a table of its own, behind its parent's, which it never locks: a thread that it does not
/// have may have had it locked when the child was made.
struct Table {
    process: Process,
    inodes: Mutex<Inodes>,
    next: OnceLock<Box<Self>>,
}

type Inodes = HashMap<(Identity, Extent), Weak<Inode>>;

static FIRST: OnceLock<Table> = OnceLock::new();

/// The file at this path, created if there is none.
pub(crate) fn open(path: &Path, extent: Extent) -> Result<Arc<Inode>, Error> {
    let file = sys::open(path).map_err(|error| explain(path, "open", error))?;
    let identity = sys::identity(&file, path).map_err(|error| explain(path, "look at", error))?;
    let key = (identity, extent);
    let mut inodes = Table::current().lock();
    if let Some(inode) = inodes.get(&key).and_then(Weak::upgrade) {
        // Ours is closed. To close a file takes no locks away: they belong to other openings.
        return Ok(inode);
    }
    let inode = Arc::new(Inode::new(key.0.clone(), Files::new(path.into(), file, extent)));
    inodes.insert(key, Arc::downgrade(&inode));
    Ok(inode)
}

/// The last handle and guard of a file are gone.
impl Drop for Inode {
    fn drop(&mut self) {
        if self.is_foreign() {
            return;
        }
        let key = (self.identity.clone(), self.files.extent());
        let mut inodes = Table::current().lock();
        // Somebody may have opened it anew meanwhile.
        if inodes.get(&key).is_some_and(|inode| inode.strong_count() == 0) {
            inodes.remove(&key);
        }
    }
}

impl Table {
    fn new() -> Self {
        Self { process: Process::current(), inodes: Mutex::default(), next: OnceLock::new() }
    }

    fn current() -> &'static Self {
        let mut table = FIRST.get_or_init(Self::new);
        while table.process.is_gone() {
            table = table.next.get_or_init(|| Box::new(Self::new()));
        }
        table
    }

    fn lock(&self) -> MutexGuard<'_, Inodes> {
        self.inodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
