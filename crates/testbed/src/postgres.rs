//! A PostgreSQL server of one's own.

mod ask;
mod install;
mod pgbouncer;
mod tls;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::Error;
use crate::poll::poll;
use crate::port::on_free_ports;
use crate::supervised::{Program, Supervised, has_ended, state};
use ask::ask;
pub use pgbouncer::PgBouncer;
pub use tls::PostgresTls;

/// More than any test takes.
const MOST_SESSIONS: u32 = 300;

const PROGRAM: Program = Program { name: "postgres", package: "postgresql" };

/// A PostgreSQL server on a free loopback port; it ends with this value or with this process.
///
/// It has one database, `postgres`, and one user of that name, who needs no password. What was
/// committed is there after a [`restart`](Self::restart).
///
/// # Examples
///
/// ```
/// let server = testbed::Postgres::start()?;
/// assert!(server.url().starts_with("postgres://postgres@127.0.0.1:"));
/// assert_eq!(server.query("SELECT 6 * 7")?, [["42"]]);
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct Postgres {
    process: Supervised,
    addr: SocketAddr,
}

impl Postgres {
    /// Makes an empty database and starts a server for it, which takes about a second. As root it
    /// runs as `nobody`, since it refuses to be root's.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if PostgreSQL is not installed, [`Error::NotReady`] with the end of the
    /// server's log if it does not answer within 30 seconds, [`Error::Io`] for the rest.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(&[])
    }

    /// The same with settings of the server's, such as `wal_level=minimal`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(settings: &[&str]) -> Result<Self, Error> {
        on_free_ports(|[addr]| Self::start_at(addr, settings, |_| Ok(())))
    }

    /// The same; `prepare` makes what the settings speak of, in its directory.
    fn start_at(
        addr: SocketAddr,
        settings: &[&str],
        prepare: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let program = install::program(PROGRAM)?;
        let process = Supervised::start_as(PROGRAM, |dir| {
            let data = dir.join("data");
            let mut command = install::prefix(dir)?;
            install::make_cluster(&command, &data)?;
            prepare(dir)?;
            command.extend([program.into(), "-D".into(), data.into(), "-k".into(), dir.into()]);
            command.extend(["-h", "127.0.0.1", "-p", &addr.port().to_string()].map(Into::into));
            let sessions = format!("max_connections={MOST_SESSIONS}");
            for setting in [&[&*sessions], settings].concat() {
                command.extend(["-c".into(), setting.into()]);
            }
            Ok(command)
        })?;
        let server = Self { process, addr };
        server.wait_ready()?;
        Ok(server)
    }

    fn wait_ready(&self) -> Result<(), Error> {
        let data = self.process.dir().join("data").display().to_string();
        // A stranger's server that took the port first would answer as well, but not that.
        let is_ours = |rows: Vec<Vec<String>>| rows == [[&*data]];
        self.process.wait_ready(|| ask(self.addr, "SHOW data_directory").is_ok_and(is_ours))
    }

    /// The URL for a client: `postgres://postgres@127.0.0.1:PORT/postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.addr)
    }

    /// The address that the server listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process id of the server's first process; that of the last one if it has been killed.
    #[must_use]
    pub fn pid(&self) -> u32 {
        number(self.process.pid())
    }

    /// The server's private directory, removed with this value; its log is the file `log` in it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.process.dir()
    }

    /// Runs one statement, as the user `postgres` and on a connection of its own, and returns the
    /// rows as texts; a null is an empty one.
    ///
    /// # Errors
    ///
    /// If the server does not answer within five seconds, or answers with an error.
    pub fn query(&self, sql: &str) -> io::Result<Vec<Vec<String>>> {
        ask(self.addr, sql)
    }

    /// Stops the server where it stands (SIGSTOP), all its processes, as a long pause of its
    /// machine would: its connections stay open, but nothing is answered.
    ///
    /// # Errors
    ///
    /// If the server is not running any more.
    pub fn pause(&self) -> io::Result<()> {
        // It starts no further process once it stands still itself.
        self.process.pause()?;
        let children = self.children();
        let is_still = |child| has_ended(child) || state(child) == Some('T');
        for child in &children {
            // One that has just ended stands still as well.
            let _ = kill_process(*child, Signal::STOP);
        }
        match poll(|| children.iter().all(|child| is_still(*child))) {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::TimedOut, "a process did not stop")),
        }
    }

    /// Ends a pause (SIGCONT): the server answers everything that was sent to it meanwhile.
    ///
    /// # Errors
    ///
    /// If the server is not running any more.
    pub fn resume(&self) -> io::Result<()> {
        for child in self.children() {
            let _ = kill_process(child, Signal::CONT);
        }
        self.process.resume()
    }

    /// Kills the server (SIGKILL), all its processes, paused or not. Its connections break and its
    /// port refuses.
    ///
    /// # Errors
    ///
    /// If the operating system cannot say that it has ended.
    pub fn kill(&mut self) -> io::Result<()> {
        let children = self.children();
        self.process.kill()?;
        // While one of them is left, no server is started in its directory.
        match poll(|| children.iter().all(|child| has_ended(*child))) {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::TimedOut, "a process did not end")),
        }
    }

    /// Kills the server and starts it again on the same port, with what it had committed.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); also if another process took the port in between.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.kill()?;
        self.process.start_again()?;
        self.wait_ready()
    }

    /// The server's processes, but the first.
    fn children(&self) -> Vec<Pid> {
        let path = format!("/proc/{0}/task/{0}/children", self.process.pid());
        let children = fs::read_to_string(path).unwrap_or_default();
        children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
    }
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
