//! A tour that is cut short leaves no process behind, not even one that it has stopped.

use std::fs;
use std::process::{Command, Stdio};

use testbed::eventually;

#[test]
fn a_killed_tour_leaves_no_stopped_child() {
    let out = tempfile::tempdir().unwrap();
    let mut tour = Command::new(env!("CARGO_BIN_EXE_lockset"))
        .args(["tour", "lease", "--out", out.path().to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stopped = None;
    eventually("the tour stops one of its processes", || {
        stopped = children_of(tour.id()).into_iter().find(|(_, state)| state == "T");
        stopped.is_some()
    });
    let (child, _) = stopped.unwrap();
    tour.kill().unwrap();
    tour.wait().unwrap();
    eventually("the stopped process is gone", || match state_of(&child) {
        None => true,
        // Dead, and whoever has adopted it has not looked yet.
        Some((_, state)) => state == "Z",
    });
}

/// The processes whose parent is `parent`, and the state of each.
fn children_of(parent: u32) -> Vec<(String, String)> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|pid| {
            let (its_parent, state) = state_of(&pid)?;
            (its_parent == parent).then_some((pid, state))
        })
        .collect()
}

/// The parent and the state of a process; none if it is gone.
fn state_of(pid: &str) -> Option<(u32, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.to_owned();
    Some((fields.next()?.parse().ok()?, state))
}
