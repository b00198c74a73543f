//! Files that are removed when they are unlocked: still one lock, and no litter.

mod support;

use std::path::Path;

use lockset_api::{Lock, SharedLock};
use lockset_file::{Mode, Options, Upgrade};
use support::{Naive, Peer, lock_file, sections, sections_of};

#[test]
fn peer() {
    support::serve();
}

/// How many of 16,000 sections by four processes, this one among them, were entered beside
/// somebody else.
fn second_holders(
    path: &Path,
    marker: &Path,
    order: &str,
    own: impl FnOnce(usize) -> usize,
) -> usize {
    const TIMES: usize = 4_000;
    let mut peers: Vec<_> = (0..3).map(|_| Peer::start(path, "remove")).collect();
    for peer in &mut peers {
        peer.tell(&format!("{order} {TIMES} {}", marker.display()));
    }
    let own = own(TIMES);
    let others = peers.iter_mut().map(|peer| peer.answer().parse::<usize>().expect("a number"));
    own + others.sum::<usize>()
}

#[test]
fn four_processes_that_remove_the_file_are_never_two_inside() {
    let (dir, path) = lock_file();
    let marker = dir.path().join("marker");
    let lock = Options::new().remove_on_release().open(&path).expect("opens");
    let own = |times| sections(&lock, times, &marker);
    assert_eq!(second_holders(&path, &marker, "sections", own), 0);
    assert!(!path.exists(), "the last one left the file");
}

#[test]
fn naively_removed_it_lets_several_in() {
    let (dir, path) = lock_file();
    let marker = dir.path().join("marker");
    let own = |times| sections_of(|| Naive::lock(&path), times, &marker);
    let found = second_holders(&path, &marker, "naive_sections", own);
    assert_ne!(found, 0, "the test above would see none");
}

/// Whose share of a file that nobody else finds any more is worth nothing.
#[test]
fn a_change_of_mode_looks_for_the_file_as_well() {
    for mode in [Mode::Shared, Mode::Exclusive] {
        let (dir, path) = lock_file();
        let lock = Options::new().remove_on_release().open(&path).expect("opens");
        let guard = match mode {
            Mode::Shared => lock.read().expect("locks"),
            Mode::Exclusive => lock.lock().expect("locks"),
        };
        std::fs::write(dir.path().join("new"), "new").expect("writes");
        std::fs::rename(dir.path().join("new"), &path).expect("renames");
        let is_lost = match mode {
            Mode::Shared => matches!(guard.try_upgrade().expect("asks"), Upgrade::Lost),
            Mode::Exclusive => guard.downgrade().expect("asks").is_none(),
        };
        assert!(is_lost, "{mode:?}: another process has the lock of the new file");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"new");
        drop(lock.lock().expect("locks the new one"));
    }
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
