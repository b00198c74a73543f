//! What a Redis server is told, as it says itself.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use super::ask::{TIMEOUT, ask};

/// Somebody who watches every command that a Redis server is given (`MONITOR`).
#[derive(Debug)]
pub struct RedisMonitor {
    addr: SocketAddr,
    lines: BufReader<TcpStream>,
}

impl RedisMonitor {
    pub(super) fn start(addr: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&addr, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(b"MONITOR\r\n")?;
        let mut monitor = Self { addr, lines: BufReader::new(stream) };
        match &*monitor.line()? {
            "+OK" => Ok(monitor),
            answer => Err(io::Error::other(format!("Redis answered: {answer}"))),
        }
    }

    /// The commands of clients since the last look, one a line; not those of scripts.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn commands(&mut self) -> io::Result<Vec<String>> {
        const MARK: &str = "until-here";
        ask(self.addr, &["ECHO", MARK])?;
        let mut commands = Vec::new();
        loop {
            let line = self.line()?;
            if line.contains(MARK) {
                return Ok(commands);
            }
            if !line.contains(" lua] ") {
                commands.push(line);
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
