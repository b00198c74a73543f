//! Children: they neither give their parent's lock back, nor keep it, nor take it for their own.

mod support;

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::{AsyncLock, Deadline, Lock, SharedLock, block_on};
#[cfg(target_os = "linux")]
use lockset_file::RangeLock;
use lockset_file::{FileLock, Options};
use nix::libc;
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
            // SAFETY: it sets a timer, whose signal ends the process: one that hangs says no.
            unsafe { libc::alarm(20) };
            let said = std::panic::catch_unwind(std::panic::AssertUnwindSafe(inside));
            // SAFETY: it ends the process, and runs nothing of it any more.
            unsafe { libc::_exit(i32::from(!said.unwrap_or(false))) }
        }
    }
}

/// Whether somebody who has never heard of us could lock the file now.
fn is_free(path: &Path) -> bool {
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
            let soon = Deadline::after(Duration::from_millis(20));
            lock.lock_until(soon).is_ok_and(|granted| granted.is_none())
        });
        assert!(gives_up);
        drop(guard);
        waiter.join().expect("the waiter is served");
    });
}

/// Whatever some thread of the parent was about when the child was made: nothing that it had locked
/// is in the child's way.
#[test]
fn a_child_of_a_busy_parent_can_lock() {
    const CHILDREN: usize = 2_000;
    let (_dir, path) = lock_file();
    let lock = Options::new().remove_on_release().open(&path).expect("opens");
    let is_over = AtomicBool::new(false);
    let hung = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Relaxed: a sign to stop, which hands nothing over.
                while !is_over.load(Ordering::Relaxed) {
                    drop(lock.try_read().expect("asks"));
                }
            });
        }
        let hung = (0..CHILDREN).find(|_| !in_a_child(|| lock.try_read().is_ok()));
        is_over.store(true, Ordering::Relaxed); // Relaxed: as above.
        hung
    });
    assert_eq!(hung, None, "of {CHILDREN} children");
}

/// A future comes into the child as a copy, and what the parent was granted by it is the parent's.
#[test]
fn a_child_that_polls_its_parents_future_asks_for_itself() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let guard = lock.lock().expect("locks");
    let mut task = Box::pin(lock.lock_async());
    let mut is_granted = || {
        let mut context = Context::from_waker(Waker::noop());
        matches!(task.as_mut().poll(&mut context), Poll::Ready(Ok(_)))
    };
    assert!(!is_granted());
    drop(guard);
    // It lies ready for the task now, which does not know it yet.
    assert!(in_a_child(|| !is_granted()), "a child took its parent's grant for its own");
    assert!(is_granted());
}

/// The thread that wakes tasks in time is the parent's, and a child has a thread of its own.
#[test]
fn a_childs_task_gives_up_in_time() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let _guard = lock.lock().expect("locks");
    let gives_up = || {
        let soon = Deadline::after(Duration::from_millis(20));
        block_on(lock.lock_until_async(soon)).is_ok_and(|granted| granted.is_none())
    };
    assert!(gives_up());
    assert!(in_a_child(gives_up), "a child's task waited on");
}

/// How often somebody else finds the file locked, right after it was locked and let go again by
/// `relock`, while children are started: such a child has copies of all descriptors, until it is
/// another program.
fn ghosts(path: &Path, mut relock: impl FnMut()) -> usize {
    const TIMES: usize = 20_000;
    const CHILDREN: usize = 300;
    let other = File::open(path).expect("opens");
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
            relock();
            ghosts += usize::from(other.try_lock().is_err());
            other.unlock().expect("unlocks");
            times += 1;
        }
        is_over.store(true, Ordering::Relaxed); // Relaxed: as above.
        ghosts
    })
}

#[test]
fn no_ghost_holds_the_file_while_children_are_started() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    assert_eq!(ghosts(&path, || drop(lock.lock().expect("locks"))), 0);
}

#[test]
fn naively_closed_instead_of_unlocked_it_is_held_by_ghosts() {
    let (_dir, path) = lock_file();
    File::create(&path).expect("creates");
    let relock = || {
        let file = File::open(&path).expect("opens");
        // Another ghost may be there still.
        file.lock().expect("locks");
    };
    assert_ne!(ghosts(&path, relock), 0, "the test above would see none");
}

#[test]
fn naively_unlocked_in_a_child_it_is_free() {
    let (_dir, path) = lock_file();
    let file = File::create(&path).expect("creates");
    file.lock().expect("locks");
    assert!(in_a_child(|| file.unlock().is_ok()));
    assert!(is_free(&path));
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

#[test]
fn naively_inherited_it_stays_locked() {
    let (_dir, path) = lock_file();
    let file = File::create(&path).expect("creates");
    file.lock().expect("locks");
    // SAFETY: it takes the close-on-exec flag off a descriptor that is open.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) }, 0);
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("starts");
    drop(file);
    assert!(!is_free(&path));
    child.kill().and_then(|()| child.wait()).expect("it ends");
    // Children of other tests may have the descriptor for a moment longer.
    support::until("it is free", || is_free(&path));
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

/// A lock of the other kind is seen by a lock of a range.
#[test]
#[cfg(target_os = "linux")]
fn naively_locked_by_fcntl_it_is_lost_with_another_descriptor() {
    let (_dir, path) = lock_file();
    let file = File::create(&path).expect("creates");
    let range = RangeLock::open(&path).expect("opens").range(..).expect("a range");
    // SAFETY: all zeros are a lock of all bytes from the first on.
    let mut request: libc::flock = unsafe { std::mem::zeroed() };
    request.l_type = libc::F_WRLCK.try_into().expect("a small number");
    // SAFETY: the descriptor is open, and the request outlives the call.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const request) }, 0);
    assert!(range.try_lock().expect("asks").is_none());
    drop(File::open(&path).expect("opens"));
    assert!(range.try_lock().expect("asks").is_some());
}
