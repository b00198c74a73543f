//! A Redis server of one's own.

mod ask;
mod cluster;
mod monitor;
mod sentinel;
mod tls;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::Error;
use crate::port::on_free_ports;
use crate::supervised::{Program, Supervised, faults_of_a_process};
use ask::ask;
pub use cluster::RedisCluster;
pub use monitor::RedisMonitor;
pub use sentinel::RedisSentinel;
pub use tls::RedisTls;

const PROGRAM: Program = Program { name: "redis-server", package: "redis-server" };

/// A Redis server on a free loopback port; it ends with this value or with this process.
///
/// # Examples
///
/// ```
/// let redis = testbed::Redis::start()?;
/// assert!(redis.url().starts_with("redis://127.0.0.1:"));
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct Redis {
    process: Supervised,
    addr: SocketAddr,
}

faults_of_a_process!(Redis);

impl Redis {
    /// Starts a server without persistence, and returns once it answers: what it knew is gone
    /// when it dies.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if `redis-server` is not installed, [`Error::NotReady`] with the end of
    /// the server's log if it does not answer within 30 seconds, [`Error::Io`] for the rest.
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|[addr]| Self::start_at(addr, |_| Ok(Vec::new())))
    }

    /// Starts a server that writes down each change before it answers (`appendfsync always`), so
    /// that a [`restart`](Self::restart) finds it again.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`].
    pub fn start_durable() -> Result<Self, Error> {
        let durable = ["--appendonly", "yes", "--appendfsync", "always"];
        on_free_ports(|[addr]| Self::start_at(addr, |_| Ok(durable.map(Into::into).into())))
    }

    /// Starts a server at this address. `more` makes, in its directory, the arguments that differ
    /// from those of [`Redis::start`].
    fn start_at(
        addr: SocketAddr,
        more: impl FnOnce(&Path) -> Result<Vec<OsString>, Error>,
    ) -> Result<Self, Error> {
        let process = Supervised::start(PROGRAM, |dir| {
            let mut args = vec!["--port".into(), addr.port().to_string().into()];
            args.extend(
                ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"].map(Into::into),
            );
            args.extend(["--dir".into(), dir.into()]);
            args.extend(more(dir)?);
            Ok(args)
        })?;
        let redis = Self { process, addr };
        redis.wait_ready()?;
        Ok(redis)
    }

    fn wait_ready(&self) -> Result<(), Error> {
        let pid = format!("process_id:{}", self.pid());
        // A PING would be answered as well by a stranger's server that took the port first, while
        // ours is still on its way to find that out. A server that still reads its data says
        // nothing but that.
        let is_ours = |info: String| {
            info.lines().any(|line| line == pid) && info.lines().any(|line| line == "loading:0")
        };
        self.process.wait_ready(|| self.command(&["INFO"]).is_ok_and(is_ours))
    }

    /// The URL for a client: `redis://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.addr)
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

    /// Sends one command on a connection of its own, and returns the reply as it came, in Redis's
    /// protocol: `+OK\r\n`.
    ///
    /// # Errors
    ///
    /// If the server does not answer within a second, or answers with an error.
    pub fn command(&self, words: &[&str]) -> io::Result<String> {
        ask(self.addr, words)
    }

    /// Watches from now on what the server is told.
    ///
    /// # Errors
    ///
    /// If the server does not answer within a second.
    pub fn monitor(&self) -> io::Result<RedisMonitor> {
        RedisMonitor::start(self.addr)
    }

    /// Makes a user (`ACL SETUSER`) who may do what `rules` say, such as `~lock:*` and `+eval`.
    ///
    /// Like everything, it is gone after a restart.
    ///
    /// # Errors
    ///
    /// As [`Redis::command`]; a rule that Redis does not know is one.
    pub fn add_user(&self, name: &str, password: &str, rules: &[&str]) -> io::Result<()> {
        let password = format!(">{password}");
        self.command(&[&["ACL", "SETUSER", name, "reset", "on", &password], rules].concat())?;
        Ok(())
    }

    /// Kills the server and starts it again on the same port. It remembers nothing, unless it was
    /// [started durable](Self::start_durable).
    ///
    /// # Errors
    ///
    /// As [`Redis::start`]; also if another process took the port in between.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.process.start_again()?;
        self.wait_ready()
    }
}
