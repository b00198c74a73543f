//! Who holds a lock and who waits for it, as told by the kernel and by the queue of this process.

mod support;

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, Lock, SharedLock};
use lockset_file::{FileLock, Mode, Options, Scope, WaitError};
use support::{Peer, lock_file, until, waiting};

#[test]
fn peer() {
    support::serve();
}

#[test]
fn holder_and_queue_are_named() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let status = lock.status().expect("the kernel tells");
    // In a container, somebody outside of it might hold the lock.
    let nobody = match status.scope {
        Scope::Machine => "held by nobody",
        _ => "held by nobody of this pid namespace",
    };
    assert_eq!(status.to_string(), nobody);

    let mut holder = Peer::start(&path, "record");
    let mut other = Peer::start(&path, "");
    assert_eq!(holder.ask("lock"), "held");
    other.tell("lock");
    until("the other process waits", || waiting(&lock) == 1);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let late = Deadline::after(Duration::from_secs(3600));
            drop(lock.read_until(late).expect("asks"));
        });
        until("and a thread of this one", || waiting(&lock) == 2);
        let Err(WaitError::TimedOut(why)) = lock.lock_within(Duration::from_millis(10)) else {
            panic!("it is held")
        };
        assert!(why.waited >= Duration::from_millis(10));
        let status = why.status.as_ref().expect("the kernel tells");
        let [held] = &status.holders[..] else { panic!("{status}") };
        assert_eq!((held.pid, held.mode), (holder.id(), Mode::Exclusive));
        assert!(held.command.contains("--exact peer"), "{}", held.command);
        assert_eq!(held.note.as_deref(), Some("a peer"));
        assert!(held.since.is_some());
        let queue: Vec<_> = status.waiting.iter().map(|one| (one.pid, one.mode)).collect();
        let own = (std::process::id(), Mode::Shared);
        assert_eq!(queue, [(other.id(), Mode::Exclusive), own]);
        let said = why.to_string();
        let (holder_id, other_id, own) = (holder.id(), other.id(), own.0);
        assert!(said.contains(&format!("lock: held by {holder_id} (")), "{said}");
        assert!(said.contains(&format!("2 waiting ({other_id}, {own}); gave up")), "{said}");

        assert_eq!(holder.ask("release"), "released");
        assert_eq!(other.answer(), "held");
        assert_eq!(other.ask("release"), "released");
        waiter.join().expect("it is served");
    });
}

/// What another process calls itself, and comes to somebody's terminal, is no command to it.
#[test]
fn what_others_say_of_themselves_is_printed_without_control_characters() {
    let (_dir, path) = lock_file();
    let note = "a\u{1b}[2Jnote\rof two lines\nand more";
    let lock = Options::new().record(note).open(&path).expect("opens");
    let _guard = lock.lock().expect("locks");
    let mut other = Command::new("flock");
    let mut other = other.arg(&path).args(["true", "\u{1b}[2J\n."]).spawn().expect("starts");
    until("it waits", || waiting(&lock) == 1);
    let status = lock.status().expect("the kernel tells");
    let waiter = status.waiting[0].to_string();
    assert!(waiter.contains("true \u{FFFD}[2J\u{FFFD}."), "{waiter}");
    assert!(status.to_string().contains(": a\u{FFFD}[2Jnote\u{FFFD}of two lines"), "{status}");
    assert!(!format!("{waiter}{status}").contains(char::is_control));
    other.kill().and_then(|()| other.wait()).expect("it ends");
}

/// Looking is no try: it neither takes the lock for a moment nor gives one back.
#[test]
fn asking_disturbs_nobody() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let guard = lock.lock().expect("locks");
    let holders = lock.status().expect("the kernel tells").holders;
    assert_eq!(holders.len(), 1);
    drop(FileLock::open(&path).expect("opens").status().expect("the kernel tells"));
    assert_eq!(lock.status().expect("the kernel tells").holders, holders);
    drop(guard);
    let mut peer = Peer::start(&path, "");
    for _ in 0..100 {
        let is_told = thread::scope(|scope| {
            let asking = scope.spawn(|| (0..20).all(|_| lock.status().is_ok()));
            assert_eq!(peer.ask("try"), "held", "it was kept out by one who looked");
            assert_eq!(peer.ask("release"), "released");
            asking.join().expect("no error")
        });
        assert!(is_told);
    }
}

/// The kernel names the process that took the lock. That has ended, and its child has it.
#[test]
fn a_lock_that_was_left_to_a_child_is_found_there() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let script = "exec 9>\"$0\"; flock 9; cat <&8 >/dev/null & exec 9>&-; echo $!";
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", &format!("exec 8<&0; {script}")]).arg(&path);
    let output = shell.stdin(reader).stderr(Stdio::inherit()).output().expect("starts");
    let child: u32 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
    let holders = lock.status().expect("the kernel tells").holders;
    assert_eq!(holders.iter().map(|holder| holder.pid).collect::<Vec<_>>(), [child]);
    assert!(lock.try_read().expect("asks").is_none());
    drop(writer);
    drop(lock.lock().expect("the child ends"));
}
