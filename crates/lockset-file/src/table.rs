//! The lock files that this process has open, each once, however many handles there are; and each
//! range of one that is locked by itself, likewise.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use lockset_api::Error;

use crate::explain::explain;
use crate::files::Files;
use crate::inode::Inode;
use crate::per_process::PerProcess;
use crate::sys::{self, Extent, Identity};

type Inodes = HashMap<(Identity, Extent), Weak<Inode>>;

/// The table of this process.
fn lock() -> MutexGuard<'static, Inodes> {
    static TABLE: LazyLock<PerProcess<Mutex<Inodes>>> = LazyLock::new(PerProcess::new);
    TABLE.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file at this path, created if there is none.
pub(crate) fn open(path: &Path, extent: Extent) -> Result<Arc<Inode>, Error> {
    let file = sys::open(path).map_err(|error| explain(path, "open", error))?;
    let identity = sys::identity(&file, path).map_err(|error| explain(path, "look at", error))?;
    let key = (identity, extent);
    let mut inodes = lock();
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
        let mut inodes = lock();
        // Somebody may have opened it anew meanwhile.
        if inodes.get(&key).is_some_and(|inode| inode.strong_count() == 0) {
            inodes.remove(&key);
        }
    }
}
