//! A process that cannot outlive us, however we end.
//!
//! A destructor does not run when the test process is killed, nor for a server in a `static`; and
//! Linux's parent-death signal fires when the *thread* that started the child ends, which in a
//! test harness is at the end of one test. What does survive every kind of death is a pipe: the
//! kernel closes our end of it. So each server runs under a shell of a few lines that holds the
//! other end, and whose `read` returns at the moment that we are gone.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::Error;
use crate::poll::poll;

/// The supervisor: `$0` is the private directory, the arguments are the server's command line.
///
/// The signals are ignored because a stopped server left without its parent makes the kernel send
/// SIGHUP to the server's whole process group, of which this shell is a member. KILL is what ends
/// the server because nothing else ends a stopped process.
const SUPERVISOR: &str = r#"
exec 2>"$0/log"
"$@" </dev/null >&2 &
trap '' HUP INT TERM
echo $!
read -r until_the_pipe_closes
kill -KILL $!
wait
rm -rf "$0"
"#;

/// How often another port is tried when somebody takes the chosen one before the server does.
const PORT_ATTEMPTS: u32 = 5;

/// How much of a log an error carries.
const LOG_TAIL_LINES: usize = 20;

/// A program that a Debian package provides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
}

/// A running server: its process, its private directory, and the shell that watches over both.
#[derive(Debug)]
pub(crate) struct Supervised {
    program: Program,
    supervisor: Child,
    pid: Pid,
    dir: PathBuf,
}

impl Supervised {
    /// Starts `program` with the arguments that `args` makes for its private directory.
    pub(crate) fn start(
        program: Program,
        args: impl FnOnce(&Path) -> Vec<OsString>,
    ) -> Result<Self, Error> {
        let path = find(program)?;
        let dir = tempfile::Builder::new().prefix("testbed-").tempdir()?;
        let mut supervisor = Command::new("/bin/sh")
            .args(["-c", SUPERVISOR])
            .arg(dir.path())
            .arg(path)
            .args(args(dir.path()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A process group of its own keeps the terminal's Ctrl-C away from the supervisor.
            .process_group(0)
            .spawn()?;
        // From here on the supervisor removes the directory.
        let dir = dir.keep();
        match read_pid(&mut supervisor) {
            Ok(pid) => Ok(Self { program, supervisor, pid, dir }),
            Err(error) => {
                supervisor.wait()?;
                Err(error.into())
            }
        }
    }

    /// Waits until the server `answers`; an error with its log if it ends or takes too long.
    pub(crate) fn wait_ready(&self, mut answers: impl FnMut() -> bool) -> Result<(), Error> {
        let mut ready = false;
        poll(|| {
            ready = answers();
            ready || self.has_ended()
        });
        if ready {
            return Ok(());
        }
        Err(Error::NotReady { program: self.program.name, log: self.log_tail() })
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Stops the process where it stands, and returns once it stands still.
    pub(crate) fn pause(&self) -> io::Result<()> {
        kill_process(self.pid, Signal::STOP)?;
        if poll(|| self.state() == Some('T')) {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::TimedOut, "the process did not stop"))
        }
    }

    /// Lets a paused process go on.
    pub(crate) fn resume(&self) -> io::Result<()> {
        Ok(kill_process(self.pid, Signal::CONT)?)
    }

    /// Kills the process and removes its directory; both are done when this returns.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        // Waiting for a child closes our end of its standard input first, which is the
        // supervisor's order to kill. A second call finds the first one's result.
        self.supervisor.wait().map(drop)
    }

    fn has_ended(&self) -> bool {
        matches!(self.state(), None | Some('Z' | 'X'))
    }

    /// The state letter of proc_pid_stat(5); none once the supervisor has reaped the process.
    fn state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // The field before it is the program's name in parentheses, which may contain some.
        let (_, after_name) = stat.rsplit_once(") ")?;
        after_name.chars().next()
    }

    fn log_tail(&self) -> String {
        let log = fs::read(self.dir.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // A failure here would leave nothing that a destructor could do better.
        let _ = self.kill();
    }
}

/// Starts a server on a free loopback port, and on another one if somebody was faster.
///
/// A port cannot be reserved for a program that binds it by number, so there is always a moment
/// in which a parallel test may take it.
pub(crate) fn on_free_port<S>(
    mut start: impl FnMut(SocketAddr) -> Result<S, Error>,
) -> Result<S, Error> {
    let mut attempts = 1;
    loop {
        let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        match start(addr) {
            Err(Error::NotReady { log, .. })
                if attempts < PORT_ATTEMPTS
                    && log.to_lowercase().contains("address already in use") =>
            {
                attempts += 1;
            }
            result => return result,
        }
    }
}

fn find(program: Program) -> Result<PathBuf, Error> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(program.name))
        .find(|file| file.is_file())
        .ok_or(Error::Missing { program: program.name, package: program.package })
}

fn read_pid(supervisor: &mut Child) -> io::Result<Pid> {
    let mut line = String::new();
    if let Some(stdout) = supervisor.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    line.trim().parse().ok().and_then(Pid::from_raw).ok_or_else(|| {
        io::Error::new(io::ErrorKind::UnexpectedEof, "the supervising shell did not start")
    })
}
