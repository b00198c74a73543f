//! Holders that are killed at any moment: the kernel frees the lock, and nobody believes what they
//! left behind.

mod support;

use std::fs;
use std::hint;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockset_api::Lock;
use lockset_file::{FileLock, Options};
use support::{Peer, lock_file};

#[test]
fn peer() {
    support::serve();
}

#[test]
fn a_thousand_killed_holders_leave_the_lock_free_and_are_not_believed() {
    const TIMES: usize = 1_000;
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let mut left_behind = 0;
    for _ in 0..TIMES {
        let mut peer = Peer::start(&path, "record");
        assert_eq!(peer.ask("cycle"), "cycling");
        // As long as a few sections, at random.
        let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        for _ in 0..moment.subsec_nanos() % 50_000 {
            hint::spin_loop();
        }
        peer.kill();
        left_behind += usize::from(fs::metadata(&path).expect("it is there").len() > 0);
        let status = lock.status().expect("the kernel tells");
        assert_eq!(status.holders, [], "a dead one holds the lock");
        let guard = lock.try_lock().expect("asks").expect("nobody holds it");
        let holder = &lock.status().expect("the kernel tells").holders[0];
        assert_eq!((holder.pid, &holder.note), (std::process::id(), &None), "not its record");
        drop(guard);
    }
    assert!(left_behind > 0, "none was killed while it held the lock");
}

/// What is a lock only by being there stays there. And so does what is written in it: how often the
/// record of a dead holder is found, the test above counts.
#[test]
fn naively_created_it_outlives_its_killed_holder() {
    let (dir, path) = lock_file();
    let mut peer = Peer::start(&path, "");
    fs::remove_file(&path).expect("the peer has made it");
    assert_eq!(peer.ask("create_new"), "held");
    peer.kill();
    let again = fs::File::create_new(&path).map_err(|error| error.kind());
    assert!(matches!(again, Err(std::io::ErrorKind::AlreadyExists)), "{again:?}");
    drop(dir);
}

#[test]
fn garbage_in_the_file_is_not_believed_and_not_harmed() {
    let (_dir, path) = lock_file();
    let plain = FileLock::open(&path).expect("opens");
    let recorded = Options::new().record("the real one").open(&path).expect("opens");
    let start = fs::read_to_string("/proc/self/stat").expect("this process runs");
    let start = start.rsplit(')').next().and_then(|rest| rest.split(' ').nth(20)).expect("a start");
    let pid = std::process::id();
    let text = |pid, start: &str, end| {
        format!("lockset-file 1\npid {pid}\nstart {start}\nsince 5\nnote a lie\n{end}")
    };
    let lies = [
        text(pid, "1", "end\n"),
        text(pid + 1, start, "end\n"),
        text(pid, start, "en"),
        "x".repeat(100_000),
        "\0\u{FFFD}\n".repeat(50),
        String::new(),
    ];
    for lie in lies {
        fs::write(&path, &lie).expect("writes");
        let guard = plain.lock().expect("locks");
        assert_eq!(plain.status().expect("the kernel tells").holders[0].note, None, "{lie:.60}");
        drop(guard);
        assert_eq!(fs::read_to_string(&path).expect("reads"), lie, "it was written");

        let before = SystemTime::now() - Duration::from_millis(1);
        let guard = recorded.lock().expect("locks");
        let holder = plain.status().expect("the kernel tells").holders.remove(0);
        assert_eq!(holder.note.as_deref(), Some("the real one"));
        assert!(holder.since.is_some_and(|since| since >= before));
        drop(guard);
        assert_eq!(fs::read(&path).expect("reads"), b"", "cleared");
    }
    // That a true record is believed shows that the lies were refused for what is wrong with them.
    fs::write(&path, text(pid, start, "end\n")).expect("writes");
    let _guard = plain.lock().expect("locks");
    let holder = plain.status().expect("the kernel tells").holders.remove(0);
    assert_eq!(holder.note.as_deref(), Some("a lie"));
}
