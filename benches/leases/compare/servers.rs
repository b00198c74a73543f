//! The servers of the comparison: here, a way off, and five of them a way off.

use std::io::{BufRead, BufReader, Read, Write, stdin, stdout};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use lockset_compare::{Result, Server};
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
    let servers =
        (0..MASTERS).map(|_| Redis::start()).collect::<std::result::Result<Vec<_>, _>>()?;
    let lay = |server: &Redis| Proxy::with_delay(server.addr(), ONE_WAY);
    let wires = servers.iter().map(lay).collect::<std::io::Result<Vec<_>>>()?;
    let url = |addr: SocketAddr| format!("redis://{addr}");
    let far: Vec<String> = wires.iter().map(|wire| url(wire.addr())).collect();
    let list = [
        Server::redis("redis", url(servers[0].addr()), Duration::ZERO),
        Server::redis("redis, 1 ms away", far[0].clone(), ONE_WAY),
        Server::redis("redlock, 1 ms away", far.join(","), ONE_WAY),
    ];
    let mut stdout = stdout();
    writeln!(stdout, "{}", serde_json::to_string(&list)?)?;
    stdout.flush()?;
    let mut end = Vec::new();
    stdin().read_to_end(&mut end)?;
    Ok(())
}
