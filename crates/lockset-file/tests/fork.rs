//! Children: they neither give their parent's lock back, nor keep it, nor take it for their own.

mod support;

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use lockset_api::{Lock, SharedLock};
use lockset_file::FileLock;
#[cfg(target_os = "linux")]
use lockset_file::RangeLock;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use support::lock_file;

/// Runs `inside` in a forked child; whether it said yes.
fn in_a_child(inside: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child has this thread alone. What it calls locks nothing but what the C library
    // makes usable after a fork, and what `FileLock` promises to be usable.
    match unsafe { fork() }.expect("one more process") {
        ForkResult::Parent { child } => {
            matches!(waitpid(child, None).expect("it ends"), WaitStatus::Exited(_, 0))
        }
        ForkResult::Child => {
            let said = std::panic::catch_unwind(std::panic::AssertUnwindSafe(inside));
            // SAFETY: it ends the process, and runs nothing of it any more.
            unsafe { nix::libc::_exit(i32::from(!said.unwrap_or(false))) }
        }
    }
}

/// Whether somebody who has never heard of us could lock the file now.
fn is_free(path: &std::path::Path) -> bool {
    File::open(path).expect("opens").try_lock().is_ok()
}

#[test]
fn a_childs_drop_does_not_unlock_and_a_child_holds_nothing() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let guard = lock.lock().expect("locks");
    let mut guard = Some(guard);
    let is_kept_out = in_a_child(|| {
        drop(guard.take());
        // By the handle that it has inherited, and by one of its own.
        lock.try_lock().is_ok_and(|granted| granted.is_none())
            && FileLock::open(&path).is_ok_and(|own| own.try_read().is_ok_and(|g| g.is_none()))
    });
    assert!(is_kept_out, "a child took its parent's lock for its own");
    assert!(!is_free(&path), "a child unlocked its parent's file");
    drop(guard);
    assert!(is_free(&path));
}

/// A range of bytes belongs to the parent likewise.
#[test]
#[cfg(target_os = "linux")]
fn a_child_holds_no_range_and_unlocks_none() {
    let (_dir, path) = lock_file();
    let region = RangeLock::open(&path).expect("opens").range(0..10).expect("a range");
    let mut guard = Some(region.lock().expect("locks"));
    let is_kept_out = in_a_child(|| {
        drop(guard.take());
        let other = RangeLock::open(&path).and_then(|file| file.range(5..15));
        region.try_lock().is_ok_and(|granted| granted.is_none())
            && other.and_then(|other| other.try_read()).is_ok_and(|granted| granted.is_none())
    });
    assert!(is_kept_out, "a child took its parent's range for its own, or unlocked it");
    drop(guard);
    assert!(in_a_child(|| region.try_lock().is_ok_and(|granted| granted.is_some())));
}

#[test]
fn a_child_locks_for_itself() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let excludes = in_a_child(|| {
        let held = lock.lock().expect("locks");
        let is_taken = !is_free(&path);
        drop(held);
        is_taken && is_free(&path)
    });
    assert!(excludes, "a child's lock is no lock");
    // And a grandchild.
    assert!(in_a_child(|| in_a_child(|| lock.lock().is_ok_and(|_held| !is_free(&path)))));
}

#[test]
fn a_child_does_not_wait_in_its_parents_queue() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let guard = lock.lock().expect("locks");
    thread::scope(|scope| {
        let waiter = scope.spawn(|| drop(lock.lock().expect("locks")));
        support::until("a waiter", || format!("{lock:?}").contains("waiting: 1"));
        let gives_up = in_a_child(|| {
            let soon = lockset_api::Deadline::after(std::time::Duration::from_millis(20));
            lock.lock_until(soon).is_ok_and(|granted| granted.is_none())
        });
        assert!(gives_up);
        drop(guard);
        waiter.join().expect("the waiter is served");
    });
}

/// A child that is being started has copies of all descriptors, until it is another program.
#[test]
fn no_ghost_holds_the_file_while_children_are_started() {
    const TIMES: usize = 20_000;
    const CHILDREN: usize = 300;
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let other = File::open(&path).expect("opens");
    let (is_over, children) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Relaxed: a sign to stop, which hands nothing over.
                while !is_over.load(Ordering::Relaxed) {
                    Command::new("/bin/true").status().expect("starts");
                    children.fetch_add(1, Ordering::Relaxed); // Relaxed: as above.
                }
            });
        }
        let (mut times, mut ghosts) = (0, 0);
        // Relaxed: enough were started, and it does not matter when that is seen.
        while times < TIMES || children.load(Ordering::Relaxed) < CHILDREN {
            drop(lock.lock().expect("locks"));
            ghosts += usize::from(other.try_lock().is_err());
            other.unlock().expect("unlocks");
            times += 1;
        }
        is_over.store(true, Ordering::Relaxed); // Relaxed: as above.
        assert_eq!(ghosts, 0, "of {times}");
    });
}

#[test]
fn a_started_program_does_not_inherit_the_descriptor() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let _guard = lock.lock().expect("locks");
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let child = child.as_mut().expect("starts");
    let links = fs::read_dir(format!("/proc/{}/fd", child.id())).expect("it runs");
    let paths: Vec<_> =
        links.flatten().filter_map(|link| fs::read_link(link.path()).ok()).collect();
    assert!(paths.len() >= 3, "{paths:?}");
    assert!(!paths.contains(&path), "{paths:?}");
    child.kill().and_then(|()| child.wait()).expect("it ends");
}

/// Which takes the locks of the other kind away (`fcntl`), but not these.
#[test]
fn closing_another_descriptor_of_the_file_unlocks_nothing() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let _guard = lock.lock().expect("locks");
    drop(File::open(&path).expect("opens"));
    drop(FileLock::open(&path).expect("opens"));
    assert!(!is_free(&path));
}
