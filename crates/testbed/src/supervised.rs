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
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::Error;
use crate::poll::poll;

/// The supervisor: `$0` is the private directory, the arguments are the server's command line.
///
/// The signals are ignored because a stopped server left without its parent makes the kernel send
/// SIGHUP to the server's whole process group, of which this shell is a member. KILL is what ends
/// the server, and the processes that it has started, because nothing else ends a stopped process.
/// An order starts it again in the same directory; the end of the pipe, at any time, is the end of
/// it all.
const SUPERVISOR: &str = r#"
exec 2>"$0/log"
while
    "$@" </dev/null >&2 &
    trap '' HUP INT TERM
    echo $!
    read -r end_it
    ended=$?
    kill -KILL $! $(cat /proc/$!/task/$!/children 2>/dev/null)
    wait
    test $ended = 0 && echo ended && read -r start_again
do :; done
rm -rf "$0"
"#;

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
    /// What the supervisor says: the server's process id, or that it has ended.
    answers: BufReader<ChildStdout>,
    pid: Pid,
    life: Life,
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// It has been started and not been killed; it may have ended by itself.
    Started,
    Killed,
}

impl Supervised {
    /// Starts `program` with the arguments that `args` makes for its private directory.
    pub(crate) fn start(
        program: Program,
        args: impl FnOnce(&Path) -> Result<Vec<OsString>, Error>,
    ) -> Result<Self, Error> {
        Self::start_as(program, |dir| {
            let path = find(program)?.into_os_string();
            Ok([vec![path], args(dir)?].concat())
        })
    }

    /// The same with the whole command line, of which the first word is a path.
    pub(crate) fn start_as(
        program: Program,
        command: impl FnOnce(&Path) -> Result<Vec<OsString>, Error>,
    ) -> Result<Self, Error> {
        let dir = tempfile::Builder::new().prefix("testbed-").tempdir()?;
        let command = command(dir.path())?;
        let mut supervisor = Command::new("/bin/sh")
            .args(["-c", SUPERVISOR])
            .arg(dir.path())
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A process group of its own keeps the terminal's Ctrl-C away from the supervisor.
            .process_group(0)
            .spawn()?;
        // From here on the supervisor removes the directory.
        let dir = dir.keep();
        let answers = supervisor.stdout.take().map(BufReader::new);
        let answered = answers.map(|mut answers| Ok((read_pid(&mut answers)?, answers)));
        match answered.unwrap_or_else(|| Err(no_supervisor())) {
            Ok((pid, answers)) => {
                Ok(Self { program, supervisor, answers, pid, life: Life::Started, dir })
            }
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
        kill_process(self.living()?, Signal::STOP)?;
        if poll(|| state(self.pid) == Some('T')) {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::TimedOut, "the process did not stop"))
        }
    }

    /// Lets a paused process go on.
    pub(crate) fn resume(&self) -> io::Result<()> {
        Ok(kill_process(self.living()?, Signal::CONT)?)
    }

    /// Kills the process, which has ended when this returns; its directory stays.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        if self.life == Life::Killed {
            return Ok(());
        }
        self.order()?;
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(no_supervisor()),
            _ => {
                self.life = Life::Killed;
                Ok(())
            }
        }
    }

    /// Kills the process and starts it again, with the same arguments in the same directory.
    pub(crate) fn start_again(&mut self) -> io::Result<()> {
        self.kill()?;
        self.order()?;
        self.pid = read_pid(&mut self.answers)?;
        self.life = Life::Started;
        Ok(())
    }

    /// Has the supervisor go on: it knows two states, and each order leads to the other.
    fn order(&mut self) -> io::Result<()> {
        self.supervisor.stdin.as_mut().ok_or_else(no_supervisor)?.write_all(b"\n")
    }

    /// The process id, unless it may belong to another process by now.
    fn living(&self) -> io::Result<Pid> {
        match self.life {
            Life::Started => Ok(self.pid),
            Life::Killed => Err(io::Error::new(io::ErrorKind::NotFound, "it has been killed")),
        }
    }

    fn has_ended(&self) -> bool {
        has_ended(self.pid)
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
        // Waiting for a child closes our end of its standard input first, which ends it all. A
        // failure here would leave nothing that a destructor could do better.
        let _ = self.supervisor.wait();
    }
}

/// Whether a process does nothing any more.
pub(crate) fn has_ended(pid: Pid) -> bool {
    matches!(state(pid), None | Some('Z' | 'X'))
}

/// The state letter of proc_pid_stat(5); none once the process has been reaped.
pub(crate) fn state(pid: Pid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The field before it is the program's name in parentheses, which may contain some.
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.chars().next()
}

/// Where a program is.
pub(crate) fn find(program: Program) -> Result<PathBuf, Error> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(program.name))
        .find(|file| file.is_file())
        .ok_or(Error::Missing { program: program.name, package: program.package })
}

fn read_pid(answers: &mut impl BufRead) -> io::Result<Pid> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    line.trim().parse().ok().and_then(Pid::from_raw).ok_or_else(no_supervisor)
}

fn no_supervisor() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the supervising shell is not there")
}

/// The faults of a server that is one process, kept in the field `process`.
macro_rules! faults_of_a_process {
    ($server:ty) => {
        impl $server {
            /// Stops the server where it stands (SIGSTOP), as a long pause of its machine would:
            /// its connections stay open and new ones are accepted, but nothing is answered.
            ///
            /// # Errors
            ///
            /// If the server is not running any more.
            pub fn pause(&self) -> std::io::Result<()> {
                self.process.pause()
            }

            /// Ends a pause (SIGCONT): the server answers everything that was sent to it meanwhile.
            ///
            /// # Errors
            ///
            /// If the server is not running any more.
            pub fn resume(&self) -> std::io::Result<()> {
                self.process.resume()
            }

            /// Kills the server (SIGKILL), paused or not. Its connections break and its port
            /// refuses.
            ///
            /// # Errors
            ///
            /// If the operating system cannot say that it has ended.
            pub fn kill(&mut self) -> std::io::Result<()> {
                self.process.kill()
            }
        }
    };
}
pub(crate) use faults_of_a_process;
