//! Signals that interrupt whoever waits in the kernel: the wait goes on.

mod support;

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, Lock, SharedLock};
use lockset_file::{FileLock, Options};
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use support::{Peer, lock_file, sections};

static SEEN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_signal: libc::c_int) {
    // Relaxed: a number, read when all is over.
    SEEN.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn peer() {
    support::serve();
}

/// Interrupts every other thread of this process.
fn storm() {
    let own = nix::unistd::gettid().as_raw();
    let pid = nix::unistd::getpid().as_raw();
    for task in fs::read_dir("/proc/self/task").expect("this process has threads").flatten() {
        let Some(id) = task.file_name().to_str().and_then(|id| id.parse::<i32>().ok()) else {
            continue;
        };
        if id != own {
            // SAFETY: it sends a signal, whose handler counts; a thread that has ended gets none.
            unsafe { libc::syscall(libc::SYS_tgkill, pid, id, libc::SIGUSR1) };
        }
    }
}

/// Interrupts all other threads again and again while `work` is done.
fn in_a_storm<T>(work: impl FnOnce() -> T) -> T {
    // Without `SA_RESTART`: the kernel gives up what it was doing for the thread.
    let action = SigAction::new(SigHandler::Handler(count), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing but count.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.expect("a handler");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Relaxed: a sign to stop, which hands nothing over.
            while !is_over.load(Ordering::Relaxed) {
                storm();
            }
        });
        let done = work();
        is_over.store(true, Ordering::Relaxed); // Relaxed: as above.
        done
    })
}

#[test]
fn waits_go_on_through_a_storm_of_signals() {
    const TIMES: usize = 300;
    let (dir, path) = lock_file();
    let marker = dir.path().join("marker");
    let lock = Options::new().hand_overs(0).open(&path).expect("opens");
    let mut peer = Peer::start(&path, "strict");
    peer.tell(&format!("sections {} {}", 4 * TIMES, marker.display()));
    let second_holders = in_a_storm(|| {
        thread::scope(|scope| {
            let plain = scope.spawn(|| sections(&lock, TIMES, &marker));
            scope.spawn(|| timed(&lock, TIMES));
            scope.spawn(|| (0..TIMES).for_each(|_| drop(lock.read().expect("locks"))));
            plain.join().expect("no error")
        })
    });
    assert_eq!(second_holders, 0);
    assert_eq!(peer.answer(), "0");
    // Relaxed: the thread that sent them is joined.
    assert!(SEEN.load(Ordering::Relaxed) > 100, "there was no storm");
}

/// The peer does not let go, so nothing but a signal ends this wait.
#[test]
fn naively_called_once_the_kernel_gives_up() {
    let (_dir, path) = lock_file();
    let mut peer = Peer::start(&path, "");
    assert_eq!(peer.ask("lock"), "held");
    let file = File::open(&path).expect("opens");
    let error = in_a_storm(|| {
        // SAFETY: the descriptor is open.
        let answer = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) };
        (answer != 0).then(std::io::Error::last_os_error)
    });
    let kind = error.map(|error| error.kind());
    assert_eq!(kind, Some(std::io::ErrorKind::Interrupted));
}

fn timed(lock: &FileLock, times: usize) {
    for _ in 0..times {
        let late = Deadline::after(Duration::from_secs(3600));
        drop(lock.lock_until(late).expect("locks").expect("nobody holds it for an hour"));
    }
}
