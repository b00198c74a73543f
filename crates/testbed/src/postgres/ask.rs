//! As much of PostgreSQL's protocol (version 3) as it takes to ask one thing.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Far more than a server that answers at all needs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends one statement on a connection of its own: the columns of each row of the answer, as texts.
pub(super) fn ask(addr: SocketAddr, sql: &str) -> io::Result<Vec<Vec<String>>> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let startup = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(startup.len() + 4).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], startup].concat())?;
    read_until_ready(&mut stream)?;
    let length = u32::try_from(sql.len() + 5).map_err(io::Error::other)?;
    stream.write_all(&[b"Q", &length.to_be_bytes()[..], sql.as_bytes(), b"\0"].concat())?;
    read_until_ready(&mut stream)
}

fn read_until_ready(stream: &mut TcpStream) -> io::Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    loop {
        let (mut kind, mut length) = ([0], [0; 4]);
        stream.read_exact(&mut kind)?;
        stream.read_exact(&mut length)?;
        let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
        stream.read_exact(&mut body)?;
        match kind[0] {
            b'Z' => return Ok(rows),
            b'D' => rows.push(row(&body)?),
            b'E' => {
                let said = String::from_utf8_lossy(&body).replace('\0', " ");
                return Err(io::Error::other(said));
            }
            _ => {}
        }
    }
}

fn row(mut body: &[u8]) -> io::Result<Vec<String>> {
    let mut columns = Vec::new();
    body = body.get(2..).unwrap_or_default();
    while !body.is_empty() {
        // A null has the length -1.
        let length = number(&mut body)?;
        let length = if length == u32::MAX { 0 } else { length as usize };
        let (column, rest) = body.split_at_checked(length).ok_or(io::ErrorKind::InvalidData)?;
        columns.push(String::from_utf8_lossy(column).into_owned());
        body = rest;
    }
    Ok(columns)
}

fn number(body: &mut &[u8]) -> io::Result<u32> {
    let mut bytes = [0; 4];
    body.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}
