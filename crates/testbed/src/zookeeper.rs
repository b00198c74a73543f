//! A ZooKeeper server of one's own.

mod cluster;
mod tls;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Error;
use crate::port::on_free_ports;
use crate::supervised::{Program, Supervised, faults_of_a_process};
pub use cluster::ZooKeeperCluster;
pub use tls::ZooKeeperTls;

const JAVA: Program = Program { name: "java", package: PACKAGE };
const JAR: &str = "/usr/share/java/zookeeper.jar";
/// With something that writes its log, or it would not say why it ends; and with what it needs for
/// TLS and does not name itself.
const CLASS_PATH: &str = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar:\
                          /usr/share/java/netty-codec.jar";
const PACKAGE: &str = "zookeeper";
const MAIN: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
const SHELL: &str = "org.apache.zookeeper.ZooKeeperMain";

/// In milliseconds. Sessions end at a multiple of it: short enough for a test to wait for, long
/// enough for servers on a busy machine to keep up with each other.
const TICK: u32 = 200;

/// What a Java machine needs not to take more of a small computer than the server does; and what
/// the server does otherwise than it would for ever:
/// - It tells the disk nothing before it answers: SIGKILL loses nothing that was written, and
///   the machine is not switched off here.
/// - It removes empty containers every second instead of every minute, so that tests see it.
const JAVA_ARGS: &[&str] = &[
    "-Xmx160m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dzookeeper.forceSync=no",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dznode.container.checkIntervalMs=1000",
];

/// How long one question to the server may take; also one that is starting answers far sooner.
const TIMEOUT: Duration = Duration::from_secs(1);

/// A ZooKeeper server on a free loopback port; it ends with this value or with this process.
///
/// Sessions last from 200 ms to two minutes and end up to 200 ms later than they say.
///
/// # Examples
///
/// ```
/// let zookeeper = testbed::ZooKeeper::start()?;
/// assert!(zookeeper.url().starts_with("zk://127.0.0.1:"));
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct ZooKeeper {
    process: Supervised,
    addr: SocketAddr,
    /// What it says of its part when it serves: `standalone`, or `leader` and `follower`.
    modes: &'static [&'static str],
}

faults_of_a_process!(ZooKeeper);

impl ZooKeeper {
    /// Starts a server that serves alone, and returns once it does. It remembers everything that
    /// it has answered, also after it was killed.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if ZooKeeper is not installed, [`Error::NotReady`] with the end of the
    /// server's log if it does not answer within 30 seconds, [`Error::Io`] for the rest.
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|[addr]| {
            let server = Self::launch(addr, &["standalone"], |_| Ok(String::new()))?;
            server.wait_ready()?;
            Ok(server)
        })
    }

    /// Starts the process; `more` are the lines of its configuration that only it has.
    fn launch(
        addr: SocketAddr,
        modes: &'static [&'static str],
        more: impl FnOnce(&Path) -> Result<String, Error>,
    ) -> Result<Self, Error> {
        if !Path::new(JAR).is_file() {
            return Err(Error::Missing { program: JAR, package: PACKAGE });
        }
        let process = Supervised::start(JAVA, |dir| {
            let data = data(dir);
            fs::create_dir(&data)?;
            let config = config(addr, &data, &more(dir)?);
            let config_file = dir.join("zoo.cfg");
            fs::write(&config_file, config)?;
            let mut args: Vec<_> = JAVA_ARGS.iter().map(Into::into).collect();
            args.extend(["-cp", CLASS_PATH, MAIN].map(Into::into));
            args.push(config_file.into());
            Ok(args)
        })?;
        Ok(Self { process, addr, modes })
    }

    fn wait_ready(&self) -> Result<(), Error> {
        let ours = format!("dataDir={}", data(self.dir()).display());
        // A stranger's server that took the port first would serve as well.
        let is_ours = || self.ask("conf").is_ok_and(|said| said.contains(&ours));
        self.process.wait_ready(|| self.serves() && is_ours())
    }

    /// Whether it serves, alone or as a part of a whole.
    fn serves(&self) -> bool {
        self.mode().is_ok_and(|mode| self.modes.contains(&&*mode))
    }

    /// The part that it plays.
    fn mode(&self) -> io::Result<String> {
        let said = self.ask("srvr")?;
        let mode = said.lines().find_map(|line| line.strip_prefix("Mode: "));
        mode.map(str::to_owned).ok_or_else(|| io::Error::other(said.clone()))
    }

    /// The URL for a client: `zk://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("zk://{}", self.addr)
    }

    /// The address that the server listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The server's private directory, removed with this value; its log is the file `log` in it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.process.dir()
    }

    /// The answer to one of the commands of four letters, such as `srvr`, `dump` and `wchp`.
    ///
    /// # Errors
    ///
    /// If the server does not answer within a second.
    pub fn ask(&self, command: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.addr, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(command.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Has an administrator's shell run one command, such as `deleteall PATH`, in a session of its
    /// own, and returns what it printed.
    ///
    /// # Errors
    ///
    /// If the shell does not start, or says that the command failed.
    pub fn shell(&self, command: &[&str]) -> io::Result<String> {
        let mut shell = Command::new(JAVA.name);
        shell.args(["-cp", CLASS_PATH, SHELL, "-server", &self.addr.to_string()]).args(command);
        let output = shell.stdin(Stdio::null()).output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    /// Kills the server and starts it again on the same port, with what it knew: sessions as well,
    /// each of which has its whole time again.
    ///
    /// # Errors
    ///
    /// As [`ZooKeeper::start`]; also if another process took the port in between.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.process.start_again()?;
        self.wait_ready()
    }
}

fn data(dir: &Path) -> std::path::PathBuf {
    dir.join("data")
}

fn config(addr: SocketAddr, data: &Path, more: &str) -> String {
    let (port, ip) = (addr.port(), addr.ip());
    let mut config = format!("tickTime={TICK}\nclientPort={port}\nclientPortAddress={ip}\n");
    // Writing to a string cannot fail.
    let _ = writeln!(config, "dataDir={}", data.display());
    config
        + "admin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\n\
              minSessionTimeout=200\nmaxSessionTimeout=120000\n"
        + more
}
