//! Others who use `flock`, programs that have never heard of us: we exclude each other, both ways.
#![cfg(target_os = "linux")]

mod support;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lockset_api::{Lock, SharedLock};
use lockset_file::FileLock;
use support::lock_file;

/// Checks a program that says "held" when it holds the lock, and ends when it reads a line; or ends
/// without a word if it cannot have it at once.
fn excludes_both_ways(program: impl Fn(&Path) -> Command) {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");

    let guard = lock.lock().expect("locks");
    let (mut other, line) = start(program(&path));
    assert_ne!(line, "held\n", "it was let in beside us");
    other.wait().expect("it ends");
    drop(guard);

    let (mut other, line) = start(program(&path));
    assert_eq!(line, "held\n");
    assert!(lock.try_lock().expect("asks").is_none(), "we were let in beside it");
    assert!(lock.try_read().expect("asks").is_none(), "we were let in beside it");
    let holders = lock.status().expect("the kernel tells").holders;
    assert!(!holders.is_empty() && holders[0].pid != std::process::id(), "{holders:?}");
    writeln!(other.stdin.take().expect("a pipe"), "done").expect("it reads");
    assert!(other.wait().expect("it ends").success());
    assert!(lock.try_lock().expect("asks").is_some());
}

fn start(mut program: Command) -> (Child, String) {
    let mut child =
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            let name = program.get_program().to_string_lossy();
            panic!("{name} does not start ({error}): apt-get install util-linux python3")
        });
    let mut line = String::new();
    let out = child.stdout.take().expect("a pipe");
    BufReader::new(out).read_line(&mut line).expect("readable");
    (child, line)
}

#[test]
fn flock_of_util_linux() {
    excludes_both_ways(|path| {
        let mut flock = Command::new("flock");
        flock.arg("--nonblock").arg(path).args(["sh", "-c", "echo held; read line"]);
        flock
    });
}

fn python(program: &str, script: &str, path: &Path) -> Command {
    let mut python = Command::new(program);
    python.args(["-c", script]).arg(path);
    python
}

#[test]
fn flock_of_python() {
    let script = "
import fcntl, sys
file = open(sys.argv[1], 'r+')
fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
print('held', flush=True)
sys.stdin.readline()
";
    excludes_both_ways(|path| {
        let mut python = python("python3", script, path);
        // It says why it could not have the lock.
        python.stderr(Stdio::null());
        python
    });
}

/// The package of that name, which is how most Python programs lock files.
#[test]
fn filelock_of_python() {
    // Debian's package is for Debian's Python, which need not be the first in the path.
    let has_it = |program: &&str| {
        let import = Command::new(program).args(["-c", "import filelock"]).output();
        import.is_ok_and(|import| import.status.success())
    };
    let program = ["python3", "/usr/bin/python3"].into_iter().find(has_it);
    let program = program.expect("Python's filelock is missing: apt-get install python3-filelock");
    let script = "
import filelock, sys
lock = filelock.FileLock(sys.argv[1])
try:
    lock.acquire(timeout=0)
except filelock.Timeout:
    sys.exit(1)
print('held', flush=True)
sys.stdin.readline()
lock.release()
";
    excludes_both_ways(|path| python(program, script, path));
}

#[test]
fn file_lock_of_std() {
    let (_dir, path) = lock_file();
    let lock = FileLock::open(&path).expect("opens");
    let other = File::open(&path).expect("opens");

    let guard = lock.lock().expect("locks");
    assert!(other.try_lock_shared().is_err());
    drop(guard);
    let guard = lock.read().expect("locks");
    assert!(other.try_lock().is_err());
    other.try_lock_shared().expect("readers share");
    drop(guard);
    assert!(lock.try_lock().expect("asks").is_none());
    assert!(lock.try_read().expect("asks").is_some());
    other.unlock().expect("unlocks");
    other.try_lock().expect("nobody holds it");
    assert!(lock.try_read().expect("asks").is_none());
    other.unlock().expect("unlocks");
    assert!(lock.try_lock().expect("asks").is_some());
}
