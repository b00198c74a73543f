//! `lockset compare`: it measures without a toolchain, and says what is wrong with its words.

mod common;

use std::fs;
use std::path::Path;

use common::lockset;
use serde_json::Value;

/// The least that there is to compare.
fn compare(out: &Path, more: &[&str]) -> (String, Value) {
    let words = ["compare", "--only", "file", "--against", "std", "--seed", "1", "--out"];
    let done = lockset(&[&words[..], &[out.to_str().unwrap()], more].concat());
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{stderr}");
    let figures = fs::read_to_string(out.join("figures.json")).unwrap();
    (String::from_utf8(done.stdout).unwrap(), serde_json::from_str(&figures).unwrap())
}

#[test]
fn measures_and_compares_with_what_it_measured() {
    let out = tempfile::tempdir().unwrap();
    let (first, second) = (out.path().join("first"), out.path().join("second"));
    let (table, figures) = compare(&first, &[]);
    assert!(table.contains("File locks (x: throughput as a multiple of std's"), "{table}");
    let names = |figures: &Value| -> Vec<String> {
        let locks = figures["locks"].as_array().unwrap().iter();
        locks.map(|lock| lock["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&figures), ["FileLock", "FileLock (again)", "std"]);
    assert_eq!(figures["seed"], 1);
    for lock in figures["locks"].as_array().unwrap() {
        assert!(lock["fault"].is_null(), "{lock:#}");
        let rows = lock["rows"].as_array().unwrap();
        let rounds = figures["rounds"].as_u64().unwrap() as usize;
        assert!(rows.len() >= 7, "{lock:#}");
        assert!(rows.iter().all(|row| row["rate"].as_array().unwrap().len() == rounds));
    }
    let page = fs::read_to_string(first.join("index.html")).unwrap();
    assert!(page.contains("data-plot=\"progression\"") && page.ends_with("</html>\n"));

    let baseline = first.join("figures.json");
    let (table, _) = compare(&second, &["--baseline", baseline.to_str().unwrap()]);
    assert!(table.contains("Against the baseline"), "{table}");
    assert!(table.contains("figures changed by more than noise"), "{table}");
}

/// In one line, and before anything is measured.
#[track_caller]
fn refuses(words: &[&str], told: &[&str]) {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("out");
    let done = lockset(&[&["compare", "--out", path.to_str().unwrap()], words].concat());
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success(), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(told.iter().all(|word| stderr.contains(word)), "{stderr}");
}

#[test]
fn bad_words() {
    refuses(&["--only", "spinlock"], &["spinlock", "mutex, semaphore, file, lease"]);
    refuses(&["--against", "nobody"], &["nobody", "parking_lot", "std pair"]);
    refuses(&["--baseline", "/nonexistent.json"], &["/nonexistent.json", "No such file"]);
    refuses(&["--baseline", "/dev/null"], &["/dev/null", "no figures"]);
    refuses(&["--server", "ftp://host"], &["ftp://host", "redis://"]);
    refuses(&["--server", "redis://:hush@127.0.0.1:1"], &["127.0.0.1:1", "refused"]);
}
