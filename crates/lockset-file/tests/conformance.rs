//! The file lock does what every lock must do, between threads, tasks and processes, by both
//! fronts, and also if the file is removed whenever it is unlocked. And so does a range of its
//! bytes.

use std::marker::PhantomData;
use std::path::Path;

use lockset_api::{Blocking, Deadline, Error, Lock, SharedLock};
use lockset_conformance::{ProcessSubject, Subject, Watched, process_shared, suite};
use lockset_file::{FileGuard, FileLock, Options};
#[cfg(target_os = "linux")]
use lockset_file::{RangeLock, Region};
use tempfile::TempDir;

/// A lock file in a directory of its own, and how it is locked.
struct File<L>(TempDir, PhantomData<fn() -> L>);

/// A way to lock a file.
trait AtPath: SharedLock + 'static {
    const PEER: &'static str;
    fn at(path: &Path) -> Self;
}

impl<L> File<L> {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"), PhantomData)
    }
}

impl<L: AtPath> Subject for File<L> {
    type Lock = L;

    fn open(&self) -> L {
        Self::connect(&self.address())
    }
}

impl<L: AtPath> ProcessSubject for File<L> {
    const PEER: &'static str = L::PEER;

    fn address(&self) -> String {
        self.0.path().join("lock").display().to_string()
    }

    fn connect(address: &str) -> L {
        L::at(Path::new(address))
    }
}

impl AtPath for FileLock {
    const PEER: &'static str = "peer";

    fn at(path: &Path) -> Self {
        Self::open(path).expect("the lock file can be opened")
    }
}

impl AtPath for Blocking<FileLock> {
    const PEER: &'static str = "peer_async";

    fn at(path: &Path) -> Self {
        // Strict order between the processes, so that the kernel is asked each time.
        Self::new(Options::new().hand_overs(0).open(path).expect("the lock file can be opened"))
    }
}

/// The same range for all of them.
#[cfg(target_os = "linux")]
fn region(path: &Path) -> Region {
    let file = RangeLock::open(path).expect("the lock file can be opened");
    file.range(100..200).expect("there is such a range")
}

#[cfg(target_os = "linux")]
impl AtPath for Region {
    const PEER: &'static str = "ranges::peer_range";

    fn at(path: &Path) -> Self {
        region(path)
    }
}

#[cfg(target_os = "linux")]
impl AtPath for Blocking<Region> {
    const PEER: &'static str = "ranges::peer_range_async";

    fn at(path: &Path) -> Self {
        Self::new(region(path))
    }
}

/// Tidies up after itself.
struct Removing(FileLock);

impl AtPath for Removing {
    const PEER: &'static str = "peer_removing";

    fn at(path: &Path) -> Self {
        let options = Options::new().remove_on_release();
        Self(options.open(path).expect("the lock file can be opened"))
    }
}

impl Lock for Removing {
    type Guard<'a> = FileGuard;
    type Error = Error;

    fn lock(&self) -> Result<Self::Guard<'_>, Self::Error> {
        self.0.lock()
    }

    fn try_lock(&self) -> Result<Option<Self::Guard<'_>>, Self::Error> {
        self.0.try_lock()
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<Self::Guard<'_>>, Self::Error> {
        self.0.lock_until(deadline)
    }
}

impl SharedLock for Removing {
    type SharedGuard<'a> = FileGuard;

    fn read(&self) -> Result<Self::SharedGuard<'_>, Self::Error> {
        self.0.read()
    }

    fn try_read(&self) -> Result<Option<Self::SharedGuard<'_>>, Self::Error> {
        self.0.try_read()
    }

    fn read_until(&self, deadline: Deadline) -> Result<Option<Self::SharedGuard<'_>>, Self::Error> {
        self.0.read_until(deadline)
    }
}

#[test]
fn peer() {
    process_shared::serve::<File<FileLock>>();
}

#[test]
fn peer_async() {
    process_shared::serve::<File<Blocking<FileLock>>>();
}

#[test]
fn peer_removing() {
    process_shared::serve::<File<Removing>>();
}

#[cfg(target_os = "linux")]
mod ranges {
    use super::*;

    #[test]
    fn peer_range() {
        process_shared::serve::<File<Region>>();
    }

    #[test]
    fn peer_range_async() {
        process_shared::serve::<File<Blocking<Region>>>();
    }

    suite!(range: File::<Region>::new() => lock, shared, process, process_shared);
    suite!(range_tasks: File::<Blocking<Region>>::new() => lock, shared, process, process_shared);
}

suite!(file: File::<FileLock>::new() => lock, shared, process, process_shared);
suite!(watched_file: Watched::new(File::<FileLock>::new())
    => lock, shared, process, process_shared);
suite!(tasks: File::<Blocking<FileLock>>::new() => lock, shared, process, process_shared);
suite!(removing: File::<Removing>::new() => lock, shared, process, process_shared);
