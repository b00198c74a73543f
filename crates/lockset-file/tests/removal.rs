//! Files that are removed when they are unlocked: still one lock, and no litter.

mod support;

use lockset_api::{Lock, SharedLock};
use lockset_file::Options;
use support::{Peer, lock_file, sections};

#[test]
fn peer() {
    support::serve();
}

#[test]
fn four_processes_that_remove_the_file_are_never_two_inside() {
    const TIMES: usize = 4_000;
    let (dir, path) = lock_file();
    let marker = dir.path().join("marker");
    let mut peers: Vec<_> = (0..3).map(|_| Peer::start(&path, "remove")).collect();
    for peer in &mut peers {
        peer.tell(&format!("sections {TIMES} {}", marker.display()));
    }
    let lock = Options::new().remove_on_release().open(&path).expect("opens");
    let mut second_holders = sections(&lock, TIMES, &marker);
    for peer in &mut peers {
        second_holders += peer.answer().parse::<usize>().expect("a number");
    }
    assert_eq!(second_holders, 0, "of {}", 4 * TIMES);
    assert!(!path.exists(), "the last one left the file");
}

#[test]
fn a_file_that_somebody_else_has_replaced_is_not_removed() {
    let (dir, path) = lock_file();
    let lock = Options::new().remove_on_release().open(&path).expect("opens");
    let guard = lock.lock().expect("locks");
    std::fs::write(dir.path().join("new"), "new").expect("writes");
    std::fs::rename(dir.path().join("new"), &path).expect("renames");
    drop(guard);
    assert_eq!(std::fs::read(&path).expect("it is there"), b"new");
    drop(lock.lock().expect("locks the new one"));
    assert!(!path.exists());
}

#[test]
fn readers_leave_the_file_where_it_is() {
    let (_dir, path) = lock_file();
    let lock = Options::new().remove_on_release().open(&path).expect("opens");
    let (one, other) = (lock.read().expect("locks"), lock.read().expect("locks"));
    drop(one);
    assert!(lock.try_lock().expect("asks").is_none());
    drop(other);
    assert!(path.exists());
}
