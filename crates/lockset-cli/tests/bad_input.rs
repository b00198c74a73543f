//! Whatever is wrong with what it is given, the command says so in one line and ends.

mod common;

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use common::lockset;

/// Far less than the tour takes, and enough for a machine under load.
const SOON: Duration = Duration::from_secs(20);

/// Runs `lockset tour` with these arguments, and checks that it complains with all of `words`.
#[track_caller]
fn refuses(args: &[&str], words: &[&str]) {
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("tour");
    let started = Instant::now();
    let out = if args.contains(&"--out") { vec![] } else { vec!["--out", out.to_str().unwrap()] };
    let done = lockset(&[&["tour"], args, &out].concat());
    assert!(started.elapsed() < SOON, "it took {:?}", started.elapsed());
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success(), "{stderr}");
    assert!(done.stdout.is_empty(), "{:?}", String::from_utf8_lossy(&done.stdout));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("lockset: "), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no {word:?} in {stderr}");
    }
}

/// Has the tour read this ledger.
#[track_caller]
fn refuses_ledger(text: &str, words: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.csv");
    fs::write(&path, text).unwrap();
    refuses(&["--ledger", path.to_str().unwrap()], &[&["ledger.csv"], words].concat());
}

#[test]
fn unknown_step() {
    refuses(&["spinlock"], &["spinlock", "none, mutex, semaphore, file, remote, lease"]);
}

#[test]
fn unknown_option() {
    refuses(&["--fast"], &["--fast"]);
}

#[test]
fn unknown_scheme() {
    refuses(&["--url", "ftp://host/x"], &["ftp://host/x", "sqlite:PATH#NAME"]);
}

#[test]
fn unreachable_server() {
    refuses(&["--url", "redis://127.0.0.1:1"], &["127.0.0.1:1", "Connection refused"]);
}

#[test]
fn server_that_does_not_answer() {
    // The system accepts connections for this listener, and nobody ever serves them.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap().to_string();
    refuses(&["--url", &format!("redis://{address}")], &[&address]);
}

#[test]
fn password_is_not_told() {
    let out = tempfile::tempdir().unwrap();
    let url = "redis://:hush@127.0.0.1:1#x";
    let done = lockset(&["tour", "lease", "--url", url, "--out", out.path().to_str().unwrap()]);
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert!(stderr.contains("127.0.0.1:1") && !stderr.contains("hush"), "{stderr}");
}

#[test]
fn name_that_the_server_cannot_take() {
    refuses(&["--url", "redis://127.0.0.1:6379#}x"], &["invalid name", "}x"]);
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("leases.db");
    let long = format!("sqlite:{}#{}", database.display(), "x".repeat(600));
    refuses(&["--url", &long], &["invalid name", "512"]);
}

#[test]
fn lock_without_leases() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file:{}", dir.path().join("a.lock").display());
    refuses(&["lease", "--url", &url], &["a file lock has no fence"]);
}

#[test]
fn database_that_cannot_be_opened() {
    refuses(&["--url", "sqlite:/nonexistent/leases.db"], &["/nonexistent/leases.db"]);
}

#[test]
fn ledger_that_cannot_be_read() {
    refuses(&["--ledger", "/nonexistent.csv"], &["/nonexistent.csv", "No such file"]);
    refuses(&["--ledger", "/"], &["ledger /:", "no regular file"]);
}

/// Each of these would be read for ever, or as long as the memory lasts.
#[test]
fn ledger_without_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let pipe = path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refuses(&["--ledger", &pipe], &[&pipe, "no regular file"]);
    refuses(&["--ledger", "/dev/zero"], &["/dev/zero", "no regular file"]);

    let large = path("large.csv");
    fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
    refuses(&["--ledger", &large], &[&large, "more than 8 MB"]);
    // As many bytes as are allowed are looked at.
    fs::File::create(&large).unwrap().set_len(8_000_000).unwrap();
    refuses(&["--ledger", &large], &[&large, "line 1"]);
}

#[test]
fn ledger_that_is_malformed() {
    let line = |line: &str| format!("from,to,cents,note\nanna,ben,5,lunch\n{line}\n");
    refuses_ledger("", &["empty", "from,to,cents,note"]);
    refuses_ledger("who,what\n", &["line 1", "from,to,cents,note", "who,what"]);
    refuses_ledger(&line("anna,ben"), &["line 3", "from,to,cents,note", "anna,ben"]);
    refuses_ledger(&line("anna,ben,1.50,tea"), &["line 3", "number of cents", "1.50"]);
    refuses_ledger(&line("anna,ben,-3,tea"), &["line 3", "number of cents", "-3"]);
    refuses_ledger(&line("anna,anna,3,tea"), &["line 3", "anna", "itself"]);
    refuses_ledger(&line("an na,ben,3,tea"), &["line 3", "account", "an na"]);
    refuses_ledger(&line("anna,ben,3,tea"), &["2 payments"]);
}

/// The device on which every disk is full.
#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockset"));
    let done = command.arg("--help").stdout(full).output().unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("lockset: cannot write to stdout"), "{stderr}");
}

#[test]
fn folder_that_cannot_be_written() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let out = file.path().to_str().unwrap();
    refuses(&["--out", out], &["cannot write", out]);
    refuses(&["--out", "/proc/tour"], &["cannot write", "/proc/tour"]);
}
