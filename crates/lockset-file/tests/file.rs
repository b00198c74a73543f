//! What is peculiar to a lock that is a file; what every lock must do is in `conformance.rs`.

use std::fs;

use lockset_api::{ErrorKind, Lock, SharedLock};
use lockset_file::FileLock;

#[test]
fn the_file_is_created_kept_and_never_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    drop(FileLock::open(&path).unwrap().lock().unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"", "created, empty, and still there");

    fs::write(&path, "somebody's data").unwrap();
    drop(FileLock::open(&path).unwrap().lock().unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's data");
}

#[test]
fn a_relative_path_means_the_same_file_wherever_the_process_goes() {
    // Not a directory of the test's own: to change into one would disturb the other tests.
    let name = format!("lockset-relative-{}", std::process::id());
    let lock = FileLock::open(&name).unwrap();
    let here = std::env::current_dir().unwrap();
    assert_eq!(lock.path(), here.join(&name));
    fs::remove_file(here.join(name)).unwrap();
}

#[test]
fn a_reader_keeps_a_writer_out_and_no_other_reader() {
    let dir = tempfile::tempdir().unwrap();
    let lock = FileLock::open(dir.path().join("lock")).unwrap();
    let reader = lock.read().unwrap();
    assert!(lock.try_read().unwrap().is_some());
    assert!(lock.try_lock().unwrap().is_none());
    drop(reader);
    let writer = lock.try_lock().unwrap().expect("nobody holds it");
    assert!(lock.try_read().unwrap().is_none());
    drop(writer);
}

#[test]
fn what_cannot_be_a_lock_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let kind = |path: &std::path::Path| FileLock::open(path).unwrap_err().kind();
    assert_eq!(kind(dir.path()), ErrorKind::InvalidName);
    assert_eq!(kind(&dir.path().join("missing/lock")), ErrorKind::Unavailable);
    assert_eq!(kind(&dir.path().join("x".repeat(300))), ErrorKind::InvalidName);
    #[cfg(unix)]
    {
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("target"), &link).unwrap();
        assert_eq!(kind(&link), ErrorKind::InvalidName);
        assert!(!dir.path().join("target").exists(), "made through a link");
        // What is no file is not waited for, as who opens a pipe may wait for its other end.
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(kind(&pipe), ErrorKind::InvalidName);
        assert_eq!(kind("/dev/null".as_ref()), ErrorKind::InvalidName);
    }
    // Not to be written, by whoever tries.
    #[cfg(target_os = "linux")]
    assert_eq!(kind("/sys/kernel/uevent_seqnum".as_ref()), ErrorKind::Denied);
    let shown = format!("{:?}", FileLock::open(dir.path()).unwrap_err());
    assert!(shown.contains("cannot open the lock file"), "{shown}");
}

/// By whatever path: a second opening would be another owner to the kernel.
#[test]
#[cfg(target_os = "linux")]
fn a_process_opens_a_file_once_and_closes_it() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let (path, link) = (dir.path().join("lock"), dir.path().join("link"));
    let lock = FileLock::open(&path).unwrap();
    fs::hard_link(&path, &link).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    let openings = || {
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let found = descriptors.filter_map(|descriptor| fs::metadata(descriptor.path()).ok());
        found.filter(|found| found.ino() == inode).count()
    };
    let others = [FileLock::open(&path).unwrap(), FileLock::open(&link).unwrap(), lock.clone()];
    assert_eq!(openings(), 1);
    let guard = others[1].lock().unwrap();
    assert!(others.iter().all(|other| other.try_lock().unwrap().is_none()));
    drop((lock, others));
    assert_eq!(openings(), 1, "the guard keeps it");
    drop(guard);
    assert_eq!(openings(), 0);
}
