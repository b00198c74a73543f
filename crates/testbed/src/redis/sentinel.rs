//! A Redis master with a replica, and a sentinel that watches over both.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};

use super::{PROGRAM, Redis, ask};
use crate::Error;
use crate::port::on_free_ports;
use crate::supervised::Supervised;

/// The name by which sentinels know the master.
const MASTER: &str = "testbed";

/// After how many milliseconds without an answer the master is thought to be down. Short enough
/// for a test to wait for, long enough for a busy machine.
const DOWN_AFTER: u32 = 500;

/// Within how many milliseconds a fail-over must succeed, or be tried again.
const FAILOVER_TIMEOUT: u32 = 5_000;

/// A master, a replica of it, and one sentinel that makes the replica the master when the master
/// is down.
///
/// Replication is asynchronous: what the master had granted and not passed on yet is forgotten.
#[derive(Debug)]
pub struct RedisSentinel {
    servers: [Redis; 2],
    sentinel: Supervised,
    addr: SocketAddr,
}

impl RedisSentinel {
    /// Starts all three, and returns once the replica has a copy and the sentinel knows of it.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`].
    pub fn start() -> Result<Self, Error> {
        let master = start_server(None)?;
        let replica = start_server(Some(master.addr()))?;
        replica.process.wait_ready(|| says(&replica, "master_link_status:up"))?;
        let (sentinel, addr) = start_sentinel(master.addr())?;
        let sentinel = Self { servers: [master, replica], sentinel, addr };
        let replicas = || sentinel.about("num-slaves").is_ok_and(|number| number == "1");
        sentinel.sentinel.wait_ready(replicas)?;
        Ok(sentinel)
    }

    /// The sentinel's URL: `redis://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.addr)
    }

    /// The sentinel's address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The name by which the sentinel knows the master.
    #[must_use]
    pub fn master_name(&self) -> &'static str {
        MASTER
    }

    /// The address of whom the sentinel calls the master at this moment.
    ///
    /// # Errors
    ///
    /// If the sentinel does not answer.
    pub fn master_addr(&self) -> io::Result<SocketAddr> {
        let (ip, port) = (self.about("ip")?, self.about("port")?);
        let ip: Option<IpAddr> = ip.parse().ok();
        let addr = ip.zip(port.parse().ok()).map(SocketAddr::from);
        addr.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The two servers: the one that was started as the master, and the one that was its replica.
    #[must_use]
    pub fn servers(&self) -> &[Redis; 2] {
        &self.servers
    }

    /// The same, to be killed and restarted. Whoever was killed as the master comes back as one,
    /// until the sentinel tells it otherwise; [`rejoin`](Self::rejoin) brings it back as a replica.
    #[must_use]
    pub fn servers_mut(&mut self) -> &mut [Redis; 2] {
        &mut self.servers
    }

    /// Kills the master, waits until the sentinel names the other server and that one is a master,
    /// and returns its address.
    ///
    /// # Errors
    ///
    /// [`Error::NotReady`] if that has not happened after 30 seconds, as where the other server
    /// does not run.
    pub fn fail_over(&mut self) -> Result<SocketAddr, Error> {
        let old = self.master_addr()?;
        for server in self.servers.iter_mut().filter(|server| server.addr() == old) {
            server.kill()?;
        }
        let mut new = old;
        self.sentinel.wait_ready(|| {
            new = self.master_addr().unwrap_or(old);
            let master = self.servers.iter().find(|server| server.addr() == new);
            new != old && master.is_some_and(|server| says(server, "role:master"))
        })?;
        Ok(new)
    }

    /// Restarts the server that is not the master as its replica, and returns once it has a copy.
    ///
    /// A sentinel does that as well, but takes half a minute to make up its mind.
    ///
    /// # Errors
    ///
    /// As [`Redis::restart`]; [`Error::NotReady`] if it has no copy after 30 seconds.
    pub fn rejoin(&mut self) -> Result<(), Error> {
        let master = self.master_addr()?;
        let (ip, port) = (master.ip().to_string(), master.port().to_string());
        for server in self.servers.iter_mut().filter(|server| server.addr() != master) {
            server.restart()?;
            server.command(&["REPLICAOF", &ip, &port])?;
            server.process.wait_ready(|| says(server, "master_link_status:up"))?;
        }
        Ok(())
    }

    /// What the sentinel says about the master: one field of it.
    fn about(&self, field: &str) -> io::Result<String> {
        let reply = ask(self.addr, &["SENTINEL", "MASTER", MASTER])?;
        // Names and values by turns, each after a line with its length.
        let words: Vec<_> = reply.lines().skip(1).filter(|line| !line.starts_with('$')).collect();
        let value = words.chunks(2).find(|pair| pair[0] == field).and_then(|pair| pair.get(1));
        value.map(|value| (*value).to_owned()).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

fn start_server(master: Option<SocketAddr>) -> Result<Redis, Error> {
    on_free_ports(|[addr]| {
        Redis::start_at(addr, |_| {
            // By default a master waits for further replicas before it sends the first its copy.
            let mut args = vec!["--repl-diskless-sync-delay".into(), "0".into()];
            if let Some(master) = master {
                args.push("--replicaof".into());
                args.extend([master.ip().to_string(), master.port().to_string()].map(Into::into));
            }
            Ok(args)
        })
    })
}

fn start_sentinel(master: SocketAddr) -> Result<(Supervised, SocketAddr), Error> {
    on_free_ports(|[addr]| {
        let sentinel = Supervised::start(PROGRAM, |dir| {
            let (port, dir_name) = (addr.port(), dir.display());
            let (master_ip, master_port) = (master.ip(), master.port());
            // A sentinel must have a file, where it keeps what it has found out.
            let config = format!(
                "port {port}\n\
                 bind 127.0.0.1\n\
                 dir \"{dir_name}\"\n\
                 sentinel monitor {MASTER} {master_ip} {master_port} 1\n\
                 sentinel down-after-milliseconds {MASTER} {DOWN_AFTER}\n\
                 sentinel failover-timeout {MASTER} {FAILOVER_TIMEOUT}\n"
            );
            let path = dir.join("sentinel.conf");
            fs::write(&path, config)?;
            Ok(vec![path.into(), "--sentinel".into()])
        })?;
        let pid = format!("process_id:{}", sentinel.pid().as_raw_nonzero());
        sentinel.wait_ready(|| {
            ask(addr, &["INFO", "server"]).is_ok_and(|info| info.lines().any(|line| line == pid))
        })?;
        Ok((sentinel, addr))
    })
}

/// Whether this is a line of what the server says about its replication.
fn says(server: &Redis, line: &str) -> bool {
    let info = server.command(&["INFO", "replication"]);
    info.is_ok_and(|info| info.lines().any(|said| said == line))
}
