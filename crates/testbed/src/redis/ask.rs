//! One question to a Redis server, without a client library.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long one exchange may take; also a server that is starting answers far sooner, or refuses.
pub(super) const TIMEOUT: Duration = Duration::from_secs(1);

/// The raw reply to a command; an error if it is one.
pub(super) fn ask(addr: SocketAddr, words: &[&str]) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request += &format!("${}\r\n{word}\r\n", word.len());
    }
    stream.write_all(request.as_bytes())?;
    // Ends our half, upon which Redis answers and closes: the end of the connection is that of the
    // reply, which saves a parser. (QUIT does the same, but a sentinel does not know it.)
    stream.shutdown(Shutdown::Write)?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    if let Some(error) = reply.strip_prefix('-') {
        return Err(io::Error::other(format!("Redis answered: {}", error.trim_end())));
    }
    if reply.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(reply) }
}
