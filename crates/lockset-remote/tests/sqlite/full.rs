//! A disk that is full: a small file system of its own, in a mount namespace of its own.

use std::fs;

use crate::child::Child;

#[test]
fn a_full_disk_is_told_and_costs_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let mount = format!("mount -t tmpfs -o size=400k none {path} && exec \"$0\" \"$@\"");
    let by = ["unshare", "--map-root-user", "--mount", "sh", "-c", &mount];
    let mut child = Child::start_by(&by, &dir.path().join("locks.db"));
    assert_eq!(child.ask("lock before 600000"), "held 1");
    // The directory as the child sees it.
    let filler = format!("/proc/{}/root{path}/filler", child.pid().as_raw_nonzero());
    let fill = fs::write(&filler, vec![0; 400 << 10]).unwrap_err();
    assert_eq!(fill.kind(), std::io::ErrorKind::StorageFull);
    // What was there before has some pages left in its log; not for so many.
    let mut answers = (0..500).map(|n| child.ask(&format!("lock {n} 600000")));
    let error = answers.find(|answer| !answer.starts_with("held")).expect("it is full");
    assert!(error.contains("unavailable") && error.contains("no room for more"), "{error}");
    assert!(error.contains("locks.db"), "{error}");
    fs::remove_file(&filler).unwrap();
    assert_eq!(child.ask("lock after 600000"), "held 1");
    assert_eq!(child.ask("release"), "InTime");
}
