//! The file locks: those of the comparison of everything, and ours as a task waits for it.

use lockset::{AsyncLock, FileLock, block_on};
use lockset_compare::{Place, Rival};

/// All of them, an entry each of what `$entry::<Rival>(name, $dir)` measures.
macro_rules! for_rivals {
    ($entry:ident, $dir:expr) => {
        [
            $entry::<Bare>("bare flock", $dir),
            $entry::<Bare>("bare flock (again)", $dir),
            $entry::<Ours>("lockset", $dir),
            $entry::<OursAsync>("lockset, async", $dir),
            $entry::<Std>("std", $dir),
            $entry::<Fs4>("fs4", $dir),
            $entry::<FdLock>("fd-lock", $dir),
            $entry::<Fslock>("fslock", $dir),
        ]
    };
}
pub(crate) use for_rivals;

pub(crate) struct OursAsync(FileLock);

impl Rival for OursAsync {
    fn open(place: &Place) -> Self {
        Self(FileLock::open(place.file()).expect("opens"))
    }
    fn another(&self) -> Self {
        Self(FileLock::open(self.0.path()).expect("opens"))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = block_on(self.0.lock_async()).expect("locks");
        inside()
    }
}
