//! A server ends with the process that started it, however that process ends.
//!
//! Each test runs this binary again as that process: `parent` starts a server there, and then
//! ends in the way that the test asks for.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::{env, io};

use testbed::{Redis, eventually};

/// Tells the second run of this binary that it is one, and how its server is to be left.
const ROLE: &str = "TESTBED_PARENT";

/// A static is never dropped, so nothing but the supervisor ends this server.
static SERVER: OnceLock<Redis> = OnceLock::new();

#[test]
fn parent() {
    let Ok(role) = env::var(ROLE) else { return };
    let server = SERVER.get_or_init(|| Redis::start().expect("starts"));
    if role == "pauses" {
        server.pause().expect("pauses");
    }
    println!("\nserver {} {}", server.pid(), server.dir().display());
    if role != "returns" {
        // The test holds the other end and never writes, so this waits to be killed.
        let _ = io::stdin().read(&mut [0]);
    }
}

#[test]
fn killed() {
    let mut parent = Parent::start("waits");
    parent.process.kill().expect("is killed");
    parent.process.wait().expect("ends");
    parent.has_left_nothing();
}

#[test]
fn killed_while_the_server_is_paused() {
    let mut parent = Parent::start("pauses");
    parent.process.kill().expect("is killed");
    parent.process.wait().expect("ends");
    parent.has_left_nothing();
}

#[test]
fn returned_with_the_server_in_a_static() {
    let mut parent = Parent::start("returns");
    assert!(parent.process.wait().expect("ends").success());
    parent.has_left_nothing();
}

struct Parent {
    process: Child,
    /// Kept open, so that the test harness in there can go on to print its results.
    _stdout: BufReader<ChildStdout>,
    server: u32,
    dir: PathBuf,
}

impl Parent {
    fn start(role: &str) -> Self {
        let mut process = Command::new(env::current_exe().expect("this binary has a path"))
            .args(["parent", "--exact", "--nocapture"])
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("is piped"));
        let line = stdout
            .by_ref()
            .lines()
            .map(|line| line.expect("is text"))
            .find(|line| line.starts_with("server "))
            .expect("names its server");
        let mut words = line.split(' ').skip(1);
        let server = words.next().and_then(|pid| pid.parse().ok()).expect("a process id");
        let dir = words.next().expect("a directory").into();
        Self { process, _stdout: stdout, server, dir }
    }

    fn has_left_nothing(&self) {
        let server = format!("/proc/{}", self.server);
        eventually("the server is gone", || !Path::new(&server).exists());
        eventually("its directory is gone", || !self.dir.exists());
    }
}
