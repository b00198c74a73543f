//! One request to etcd's HTTP side, so that the testbed needs no client.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Long for a server on this machine that runs, short for one that is paused.
const PATIENCE: Duration = Duration::from_secs(1);

/// The body of what `path` says; with a `body` of our own, of what it answers.
pub(super) fn ask(addr: SocketAddr, path: &str, body: Option<&str>) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (method, body) = body.map_or(("GET", ""), |body| ("POST", body));
    let length = body.len();
    // By 1.0, so that the answer comes as it is and not in chunks, whose marks would be among it.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {addr}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) == Some("200") {
        Ok(body.to_owned())
    } else {
        Err(io::Error::other(format!("{path}: {}", answer.replace("\r\n", " "))))
    }
}
