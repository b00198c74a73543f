//! A runtime that ends while its tasks wait: it does not wait for the lock.

mod support;

use lockset_api::{AsyncLock, Deadline, Lock};
use lockset_file::FileLock;
use std::time::Duration;
use support::{Peer, lock_file, until, waiting};

#[test]
fn peer() {
    support::serve();
}

#[test]
fn dropping_a_runtime_does_not_wait_for_a_lock_that_its_tasks_wait_for() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut peer = Peer::start(&path, "");
    assert_eq!(peer.ask("lock"), "held");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.expect("a runtime");
    for _ in 0..3 {
        let lock = lock.clone();
        runtime.spawn(async move { drop(lock.lock_async().await) });
    }
    let timed = lock.clone();
    runtime.spawn(async move {
        let late = Deadline::after(Duration::from_secs(3600));
        drop(timed.lock_until_async(late).await);
    });
    until("four tasks wait", || waiting(&lock) == 4);
    // The peer still holds the lock, and lets go only when it is told so below. Were this to wait,
    // the test would hang.
    drop(runtime);
    assert_eq!(waiting(&lock), 0);
    assert_eq!(peer.ask("release"), "released");
    drop(lock.lock().expect("locks"));
}

/// What most crates do: a thread of the runtime waits in the kernel. Nobody can call it back.
#[test]
fn naively_waited_for_it_outlives_the_runtime() {
    let (_dir, path) = lock_file();
    let mut peer = Peer::start(&path, "");
    assert_eq!(peer.ask("lock"), "held");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.expect("a runtime");
    let file = std::fs::File::open(&path).expect("opens");
    runtime.spawn_blocking(move || file.lock());
    let waits = || support::asks_the_kernel(&path);
    until("it waits", waits);
    // Without a timeout it would take as long as the peer has the lock.
    runtime.shutdown_timeout(Duration::from_millis(50));
    assert!(waits());
    assert_eq!(peer.ask("release"), "released");
    until("it is granted the lock", || !waits());
}
