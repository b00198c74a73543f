//! The folder of the tour: whose it is, and what its name may be.

mod common;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};

use common::tour;
use lockset::{FileLock, Lock};

/// Runs one step of the tour into `out`, whatever its name is.
fn step(step: &str, out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockset"));
    command.args(["tour", step, "--json", "--out"]).arg(out).output().unwrap()
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_folder_is_for_one_tour_at_a_time() {
    let out = tempfile::tempdir().unwrap();
    let lock = FileLock::open(out.path().join("tour.lock")).unwrap();
    let another = lock.lock().unwrap();
    let done = step("mutex", out.path());
    let stderr = String::from_utf8(done.stderr).unwrap();
    let shown = out.path().display();
    let expected =
        format!("lockset: another tour is writing to {shown}; give --out another folder\n");
    assert_eq!((stderr, done.status.code()), (expected, Some(1)));
    assert_eq!(names_in(out.path()), ["tour.lock"], "the other tour's files are let alone");

    drop(another);
    tour(out.path(), &["mutex"]);
}

#[test]
fn a_folder_with_a_hash_sign_keeps_its_files() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("a#b");
    tour(&out, &["lease"]);
    assert_eq!(names_in(parent.path()), ["a#b"]);
    assert!(names_in(&out).contains(&"leases.db".to_owned()));
}

/// Other systems take no such names.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_no_text_does_for_steps_without_processes() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join(OsStr::from_bytes(b"\xff-tour"));
    let done = step("mutex", &out);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(fs::read_to_string(out.join("index.html")).unwrap().contains("<svg "));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert!(report["page"].as_str().unwrap().ends_with("-tour/index.html"), "{report:#}");

    for with_processes in ["file", "lease"] {
        let done = step(with_processes, &out);
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("is no text") && stderr.lines().count() == 1, "{stderr}");
    }
}
