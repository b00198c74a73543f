//! A MariaDB server of one's own, which speaks MySQL's protocol.

mod template;
mod tls;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::Error;
use crate::port::on_free_ports;
use crate::supervised::{Program, Supervised, faults_of_a_process};
use template::copy_template;
pub use tls::MariaDbTls;

const PROGRAM: Program = Program { name: "mariadbd", package: "mariadb-server" };

/// How long the greeting may take of a server that has a connection to spare.
const GREETING: Duration = Duration::from_secs(1);

/// Run by the server at each start: a database, and a user who may do anything there and nothing
/// elsewhere.
const INIT: &str = "
CREATE DATABASE IF NOT EXISTS lockset;
CREATE USER IF NOT EXISTS 'lockset'@'%' IDENTIFIED BY 'secret';
GRANT ALL ON lockset.* TO 'lockset'@'%';
";

/// A MariaDB server on a free loopback port; it ends with this value or with this process.
///
/// The files of a new database take seconds to make, so they are made once a build directory and
/// copied after that.
///
/// # Examples
///
/// ```
/// let server = testbed::MariaDb::start()?;
/// assert!(server.url().starts_with("mysql://lockset:secret@127.0.0.1:"));
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct MariaDb {
    process: Supervised,
    addr: SocketAddr,
}

faults_of_a_process!(MariaDb);

impl MariaDb {
    /// Starts a server, and returns once it answers.
    ///
    /// What it has answered survives its death, not that of the machine: it writes each change
    /// before it answers and does not wait for the disk.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if MariaDB is not installed, [`Error::NotReady`] with the end of the
    /// server's log if it does not answer within 30 seconds, [`Error::Io`] for the rest.
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|[addr]| Self::start_at(addr, |_| Ok(Vec::new())))
    }

    /// The same with the arguments that `more` makes for its directory.
    fn start_at(
        addr: SocketAddr,
        more: impl FnOnce(&Path) -> Result<Vec<OsString>, Error>,
    ) -> Result<Self, Error> {
        let process = Supervised::start(PROGRAM, |dir| {
            copy_template(&dir.join("data"))?;
            fs::write(dir.join("init.sql"), INIT)?;
            let path = |option: &str, name: &str| {
                let mut arg = OsString::from(option);
                arg.push(dir.join(name));
                arg
            };
            let mut args: Vec<OsString> = vec!["--no-defaults".into()];
            args.extend([
                path("--datadir=", "data"),
                // A server that starts deletes what another has in the directory that they share.
                path("--tmpdir=", ""),
                path("--socket=", "socket"),
                path("--pid-file=", "pid"),
                path("--init-file=", "init.sql"),
                format!("--port={}", addr.port()).into(),
            ]);
            let fixed = [
                "--bind-address=127.0.0.1",
                // Only looked at where the tests run as root, which it refuses to do by itself.
                "--user=root",
                "--skip-name-resolve",
                "--skip-log-bin",
                "--performance-schema=OFF",
                "--max-connections=500",
                "--innodb-buffer-pool-size=16M",
                "--innodb-flush-log-at-trx-commit=2",
            ];
            args.extend(fixed.map(Into::into));
            args.extend(more(dir)?);
            Ok(args)
        })?;
        let server = Self { process, addr };
        server.wait_ready()?;
        Ok(server)
    }

    fn wait_ready(&self) -> Result<(), Error> {
        let (pid, file) = (self.pid().to_string(), self.dir().join("pid"));
        // The file is written when the port is ours: a stranger's server could greet as well.
        let is_ours = || fs::read_to_string(&file).is_ok_and(|written| written.trim() == pid);
        self.process.wait_ready(|| is_ours() && self.greets())
    }

    fn greets(&self) -> bool {
        let greeting = || -> io::Result<u8> {
            let mut stream = TcpStream::connect_timeout(&self.addr, GREETING)?;
            stream.set_read_timeout(Some(GREETING))?;
            // The length of a packet, its number, and the protocol's version.
            let mut header = [0; 5];
            stream.read_exact(&mut header)?;
            Ok(header[4])
        };
        greeting().is_ok_and(|version| version == 10)
    }

    /// The URL for a client: `mysql://lockset:secret@127.0.0.1:PORT/lockset`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("lockset:secret")
    }

    /// The same with another `USER:PASSWORD`; `root` has no password.
    #[must_use]
    pub fn url_of(&self, user: &str) -> String {
        format!("mysql://{user}@{}/lockset", self.addr)
    }

    /// The address that the server listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The server's process id; that of the last one if it has been killed.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// The server's private directory, removed with this value; its log is the file `log` in it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.process.dir()
    }

    /// Kills the server and starts it again on the same port, with all that it has answered.
    ///
    /// # Errors
    ///
    /// As [`MariaDb::start`]; also if another process took the port in between.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.process.start_again()?;
        self.wait_ready()
    }
}
