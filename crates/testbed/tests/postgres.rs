//! A PostgreSQL server is started, hurt, and leaves nothing behind.

use std::path::Path;

use testbed::{Postgres, eventually};

fn server() -> Postgres {
    Postgres::start().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_restart_keeps_what_was_committed() {
    let mut server = server();
    server.query("CREATE TABLE kept AS SELECT 7 AS number").unwrap();
    let before = server.pid();
    server.restart().unwrap();
    assert_ne!(server.pid(), before);
    assert_eq!(server.query("SELECT number FROM kept").unwrap(), [["7"]]);
    server.kill().unwrap();
    assert!(server.query("SELECT 1").is_err());
    server.restart().unwrap();
    assert_eq!(server.query("SELECT number FROM kept").unwrap(), [["7"]]);
}

#[test]
fn a_paused_server_answers_nothing_until_it_is_resumed() {
    let server = server();
    server.pause().unwrap();
    assert!(server.query("SELECT 1").is_err());
    server.resume().unwrap();
    assert_eq!(server.query("SELECT 1").unwrap(), [["1"]]);
}

#[test]
fn nothing_is_left_of_a_server_that_was_paused() {
    let server = server();
    server.pause().unwrap();
    let (pid, dir) = (server.pid(), server.dir().to_owned());
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    assert!(!children.is_empty());
    drop(server);
    let is_gone = |pid: &str| !Path::new(&format!("/proc/{pid}/exe")).exists();
    eventually("all processes are gone", || children.split_whitespace().all(is_gone));
    assert!(!dir.exists());
}
