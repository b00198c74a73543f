//! A Redis server of one's own, without persistence: what it knew is gone when it dies.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::Error;
use crate::supervised::{Program, Supervised, on_free_port};

const PROGRAM: Program = Program { name: "redis-server", package: "redis-server" };

/// How long one attempt to talk to a starting server may take.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(1);

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

impl Redis {
    /// Starts a server and returns once it answers.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if `redis-server` is not installed, [`Error::NotReady`] with the end of
    /// the server's log if it does not answer within 30 seconds, [`Error::Io`] for the rest.
    pub fn start() -> Result<Self, Error> {
        on_free_port(Self::start_at)
    }

    fn start_at(addr: SocketAddr) -> Result<Self, Error> {
        let process = Supervised::start(PROGRAM, |dir| {
            let mut args = vec!["--port".into(), addr.port().to_string().into()];
            args.extend(
                ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"].map(Into::into),
            );
            args.extend(["--dir".into(), dir.into()]);
            args
        })?;
        let pid = process.pid().as_raw_nonzero().to_string();
        // A PING would be answered as well by a stranger's server that took the port first, while
        // ours is still on its way to find that out.
        process.wait_ready(|| process_id(addr).is_ok_and(|answering| answering == pid))?;
        Ok(Self { process, addr })
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

    /// The server's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// The server's private directory, removed when it ends; its log is the file `log` in it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.process.dir()
    }

    /// Stops the server where it stands (SIGSTOP), as a long pause of its machine would: its
    /// connections stay open and new ones are accepted, but nothing is answered.
    ///
    /// # Errors
    ///
    /// If the server is not running any more.
    pub fn pause(&self) -> io::Result<()> {
        self.process.pause()
    }

    /// Ends a pause (SIGCONT): the server answers everything that was sent to it meanwhile.
    ///
    /// # Errors
    ///
    /// If the server is not running any more.
    pub fn resume(&self) -> io::Result<()> {
        self.process.resume()
    }

    /// Kills the server (SIGKILL), paused or not. Its connections break and its port refuses.
    ///
    /// # Errors
    ///
    /// If the operating system cannot say that it has ended.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// Kills the server and starts one on the same port that remembers nothing.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`]; also if another process took the port in between.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.kill()?;
        *self = Self::start_at(self.addr)?;
        Ok(())
    }
}

/// The process id of whoever answers at `addr`.
fn process_id(addr: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, EXCHANGE_TIMEOUT)?;
    stream.set_read_timeout(Some(EXCHANGE_TIMEOUT))?;
    stream.write_all(b"INFO server\r\nQUIT\r\n")?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let pid = reply.lines().find_map(|line| line.strip_prefix("process_id:"));
    pid.map(Into::into).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
