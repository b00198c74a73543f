//! The servers of the comparison: one here, and one of each kind a way off, and five of Redis.
//!
//! Of Redis there is a near one as well. Near, a pair is the client's and the server's own work,
//! and differs by half with the processors that the two happen to run on; far, it is what has to be
//! sent and waited for, which is what tells the kinds of servers apart.

use std::io::{self, BufRead, BufReader, Read, Write, stdin, stdout};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use lockset_compare::{Result, Server};
#[cfg(feature = "servers")]
use testbed::{Etcd, MariaDb, Postgres, ZooKeeper};
use testbed::{Proxy, Redis};

/// How far the far ones are. Long enough that the machine's own moods hardly show.
const ONE_WAY: Duration = Duration::from_millis(1);
const MASTERS: usize = 5;

/// A process that keeps them. It ends with this value, and with this process.
pub(crate) struct Servers {
    pub(crate) list: Vec<Server>,
    process: Child,
    /// The process ends when this does.
    stdin: Option<ChildStdin>,
}

impl Servers {
    /// Starts `command`, which is to [`serve`].
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = process.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let list = serde_json::from_str(&line).map_err(|_| "the servers do not start")?;
        Ok(Self { list, process, stdin })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It has nothing else to do than to end.
        let _ = self.process.wait();
    }
}

/// Keeps the servers until stdin ends, which it does with the process that has started this one.
pub(crate) fn serve() -> Result<()> {
    let masters =
        (0..MASTERS).map(|_| Redis::start()).collect::<std::result::Result<Vec<_>, _>>()?;
    let mut wires = Wires::default();
    let far = |one: &Redis| wires.far(&one.url(), one.addr());
    let redis: Vec<String> = masters.iter().map(far).collect::<io::Result<_>>()?;
    #[cfg_attr(not(feature = "servers"), expect(unused_mut, reason = "there are no others"))]
    let mut list = vec![
        Server::new("redis", masters[0].url(), Duration::ZERO),
        Server::new("redis, 1 ms away", redis[0].clone(), ONE_WAY),
        Server::new("redlock, 1 ms away", redis.join(","), ONE_WAY),
    ];
    #[cfg(feature = "servers")]
    let _others = others(&mut wires, &mut list)?;
    let mut stdout = stdout();
    writeln!(stdout, "{}", serde_json::to_string(&list)?)?;
    stdout.flush()?;
    let mut end = Vec::new();
    stdin().read_to_end(&mut end)?;
    Ok(())
}

/// One server of each other kind, for as long as this is kept.
#[cfg(feature = "servers")]
fn others(wires: &mut Wires, list: &mut Vec<Server>) -> Result<impl Sized + use<>> {
    let (etcd, zookeeper) = (Etcd::start()?, ZooKeeper::start()?);
    let (postgres, mariadb) = (Postgres::start()?, MariaDb::start()?);
    let mut far = |name, url: String, addr| -> io::Result<()> {
        list.push(Server::new(name, wires.far(&url, addr)?, ONE_WAY));
        Ok(())
    };
    far("etcd, 1 ms away", etcd.url(), etcd.addr())?;
    far("zookeeper, 1 ms away", zookeeper.url(), zookeeper.addr())?;
    far("postgres, 1 ms away", postgres.url(), postgres.addr())?;
    far("mariadb, 1 ms away", mariadb.url(), mariadb.addr())?;
    Ok((etcd, zookeeper, postgres, mariadb))
}

/// The way to the far servers. A wire is cut when its value goes.
#[derive(Default)]
struct Wires(Vec<Proxy>);

impl Wires {
    /// The URL of a server at the far end of a wire of its own.
    fn far(&mut self, url: &str, server: SocketAddr) -> io::Result<String> {
        let wire = Proxy::with_delay(server, ONE_WAY)?;
        let url = url.replace(&server.to_string(), &wire.addr().to_string());
        self.0.push(wire);
        Ok(url)
    }
}
