//! The file lock does what every lock must do, between threads and between processes.

use lockset_conformance::{ProcessSubject, Subject, Watched, process, suite};
use lockset_file::FileLock;
use tempfile::TempDir;

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }
}

impl Subject for File {
    type Lock = FileLock;

    fn open(&self) -> FileLock {
        Self::connect(&self.address())
    }
}

impl ProcessSubject for File {
    const PEER: &'static str = "peer";

    fn address(&self) -> String {
        self.0.path().join("lock").display().to_string()
    }

    fn connect(address: &str) -> FileLock {
        FileLock::open(address).expect("the lock file can be opened")
    }
}

#[test]
fn peer() {
    process::serve::<File>();
}

suite!(file: File::new() => lock, shared, process);
suite!(watched_file: Watched::new(File::new()) => lock, shared, process);
