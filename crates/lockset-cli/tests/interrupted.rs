//! A tour that is cut short leaves no process behind, not even one that it has stopped; and one
//! that is interrupted goes on where it was.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use testbed::eventually;

#[test]
fn a_killed_tour_leaves_no_stopped_child() {
    let out = tempfile::tempdir().unwrap();
    let (mut tour, child) = tour_with_a_stopped_child(out.path());
    tour.kill().unwrap();
    tour.wait().unwrap();
    eventually("the stopped process is gone", || match state_of(&child) {
        None => true,
        // Dead, and whoever has adopted it has not looked yet.
        Some((_, state)) => state == "Z",
    });
}

/// As the terminal does it upon Ctrl-Z, and the shell upon `fg`: to the whole group of processes.
#[test]
fn a_tour_that_is_stopped_for_a_while_shows_the_same() {
    let out = tempfile::tempdir().unwrap();
    let (mut tour, _) = tour_with_a_stopped_child(out.path());
    let group = Pid::from_child(&tour);
    kill_process_group(group, Signal::STOP).unwrap();
    let pid = tour.id().to_string();
    eventually("the tour stops", || state_of(&pid).is_some_and(|(_, state)| state == "T"));
    kill_process_group(group, Signal::CONT).unwrap();
    // Had its stopped process run on as well, it would have written before its lease ran out.
    assert!(tour.wait().unwrap().success());
}

/// Starts the step in which the tour stops one of its processes, and waits until it has.
fn tour_with_a_stopped_child(out: &Path) -> (Child, String) {
    let tour = Command::new(env!("CARGO_BIN_EXE_lockset"))
        .args(["tour", "lease", "--out", out.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut stopped = None;
    eventually("the tour stops one of its processes", || {
        stopped = children_of(tour.id()).into_iter().find(|(_, state)| state == "T");
        stopped.is_some()
    });
    (tour, stopped.unwrap().0)
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
