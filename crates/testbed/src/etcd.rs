//! An etcd of one's own.

mod ask;
mod cluster;
mod tls;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::Error;
use crate::port::on_free_ports;
use crate::supervised::{Program, Supervised, faults_of_a_process};
use ask::ask;
pub use cluster::EtcdCluster;
pub use tls::EtcdTls;

const PROGRAM: Program = Program { name: "etcd", package: "etcd-server" };

/// An etcd server on a free loopback port; it ends with this value or with this process.
///
/// What it has answered it knows again after a restart: the machine's memory survives the death of
/// a process, so nothing is synced to the disk.
///
/// # Examples
///
/// ```
/// let etcd = testbed::Etcd::start()?;
/// assert!(etcd.url().starts_with("etcd://127.0.0.1:"));
/// # Ok::<(), testbed::Error>(())
/// ```
#[derive(Debug)]
pub struct Etcd {
    process: Supervised,
    addr: SocketAddr,
    /// Where it says how it is; its own address, unless that speaks TLS.
    health: SocketAddr,
}

faults_of_a_process!(Etcd);

impl Etcd {
    /// Starts a server, and returns once it answers.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if `etcd` is not installed, [`Error::NotReady`] with the end of the
    /// server's log if it does not answer within 30 seconds, [`Error::Io`] for the rest.
    pub fn start() -> Result<Self, Error> {
        on_free_ports(|[addr, peer]| {
            let etcd = Self::launch(&Member::alone(addr, peer), |_| Ok(Vec::new()))?;
            etcd.wait_ready()?;
            Ok(etcd)
        })
    }

    /// Starts the process. `more` makes, in its directory, the arguments that differ.
    fn launch(
        member: &Member,
        more: impl FnOnce(&Path) -> Result<Vec<OsString>, Error>,
    ) -> Result<Self, Error> {
        let process = Supervised::start(PROGRAM, |dir| {
            let data = dir.join("data");
            let mut args: Vec<OsString> = vec!["--data-dir".into(), data.into()];
            args.extend(member.args().map(OsString::from));
            args.extend(more(dir)?);
            Ok(args)
        })?;
        Ok(Self { process, addr: member.addr, health: member.addr })
    }

    fn wait_ready(&self) -> Result<(), Error> {
        let dir = self.dir().display().to_string();
        // A stranger's server that took the port first is healthy as well, but has another command
        // line.
        let is_ours = || {
            let ask = |path| ask(self.health, path, None);
            ask("/health").is_ok_and(|health| health.contains("\"true\""))
                && (self.health != self.addr || ask("/debug/vars").is_ok_and(|v| v.contains(&dir)))
        };
        self.process.wait_ready(is_ours)
    }

    /// The URL for a client: `etcd://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("etcd://{}", self.addr)
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

    /// Sends one request in JSON to the server's gateway, such as `{"name":"me","password":"x"}` to
    /// `/v3/auth/user/add`, and returns its answer.
    ///
    /// # Errors
    ///
    /// If the server does not answer within a second, or refuses.
    pub fn post(&self, path: &str, json: &str) -> io::Result<String> {
        ask(self.addr, path, Some(json))
    }

    /// What the server says of itself, one figure a line.
    ///
    /// # Errors
    ///
    /// If it does not answer within a second.
    pub fn metrics(&self) -> io::Result<String> {
        ask(self.health, "/metrics", None)
    }

    /// Makes a user `root` who may do everything, and from then on lets in only those who log in.
    ///
    /// # Errors
    ///
    /// As [`Etcd::post`].
    pub fn require_login(&self, password: &str) -> io::Result<()> {
        let user = format!(r#"{{"name":"root","password":"{password}"}}"#);
        self.post("/v3/auth/user/add", &user)?;
        self.post("/v3/auth/role/add", r#"{"name":"root"}"#)?;
        self.post("/v3/auth/user/grant", r#"{"user":"root","role":"root"}"#)?;
        self.post("/v3/auth/enable", "{}")?;
        Ok(())
    }

    /// Kills the server and starts it again on the same port, with all that it has answered.
    ///
    /// # Errors
    ///
    /// As [`Etcd::start`]; also if another process took the port in between.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.process.start_again()?;
        self.wait_ready()
    }
}

/// One server of a cluster, which may be the only one.
struct Member {
    name: String,
    addr: SocketAddr,
    peer: SocketAddr,
    /// Where the others reach it.
    reached: SocketAddr,
    /// What all members are called, and where they are for each other.
    cluster: String,
    scheme: &'static str,
}

impl Member {
    fn alone(addr: SocketAddr, peer: SocketAddr) -> Self {
        let cluster = format!("e0=http://{peer}");
        Self { name: "e0".into(), addr, peer, reached: peer, cluster, scheme: "http" }
    }

    fn args(&self) -> impl Iterator<Item = String> {
        let Self { name, addr, peer, reached, cluster, scheme } = self;
        let client = format!("{scheme}://{addr}");
        let options = [
            ("--name", name.clone()),
            ("--listen-client-urls", client.clone()),
            ("--advertise-client-urls", client),
            ("--listen-peer-urls", format!("http://{peer}")),
            ("--initial-advertise-peer-urls", format!("http://{reached}")),
            ("--initial-cluster", cluster.clone()),
            ("--logger", "zap".into()),
            ("--log-level", "warn".into()),
        ];
        let options = options.into_iter().flat_map(|(option, value)| [option.into(), value]);
        options.chain(["--unsafe-no-fsync".into()])
    }
}
