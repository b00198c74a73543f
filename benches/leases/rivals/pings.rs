//! The shortest question of each kind of server, without any client around it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Says something, and reads the answer.
type Exchange = fn(&mut TcpStream) -> io::Result<()>;

/// A raw connection, and what is asked on it.
pub struct Ping {
    stream: TcpStream,
    question: Exchange,
}

impl Ping {
    /// Connects to a server of the kind that this scheme of a URL names, and says what it wants to
    /// hear first.
    ///
    /// # Errors
    ///
    /// If it cannot be reached or does not answer, or is of no known kind.
    pub fn connect(scheme: &str, addr: SocketAddr) -> io::Result<Self> {
        let (greeting, question): (Option<Exchange>, Exchange) = match scheme {
            "redis" => (None, redis),
            "etcd" => (None, etcd),
            "zk" => (Some(greet_zookeeper), zookeeper),
            "mysql" => (Some(log_in_to_mariadb), mariadb),
            "postgres" => (Some(log_in_to_postgres), postgres),
            _ => return Err(io::Error::other(format!("no question for {scheme}"))),
        };
        let mut stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        greeting.map_or(Ok(()), |greet| greet(&mut stream))?;
        Ok(Self { stream, question })
    }

    /// A round trip.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub fn ask(&mut self) -> io::Result<()> {
        (self.question)(&mut self.stream)
    }
}

fn redis(server: &mut TcpStream) -> io::Result<()> {
    server.write_all(b"PING\r\n")?;
    server.read_exact(&mut [0; b"+PONG\r\n".len()])
}

/// Begins a session of two minutes with a ZooKeeper server: a length, and so many bytes of numbers
/// of which but one is zero, or which are empty. The answer has 41.
fn greet_zookeeper(server: &mut TcpStream) -> io::Result<()> {
    let mut request = [0; 49];
    request[3] = 45;
    request[16..20].copy_from_slice(&120_000_i32.to_be_bytes());
    // The length of a password of no meaning.
    request[31] = 16;
    server.write_all(&request)?;
    server.read_exact(&mut [0; 41])
}

/// The ping of a ZooKeeper client.
fn zookeeper(server: &mut TcpStream) -> io::Result<()> {
    let [length, number, ping] = [8_i32, -2, 11].map(i32::to_be_bytes);
    server.write_all(&[length, number, ping].concat())?;
    server.read_exact(&mut [0; 20])
}

/// What etcd answers out of its head.
fn etcd(server: &mut TcpStream) -> io::Result<()> {
    server.write_all(b"GET /version HTTP/1.1\r\nHost: etcd\r\n\r\n")?;
    let mut answer = Vec::new();
    // It is short, and ends with its first closing brace.
    while answer.last() != Some(&b'}') {
        let mut part = [0; 1024];
        match server.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => answer.extend(&part[..read]),
        }
    }
    Ok(())
}

/// Begins a session of MariaDB's administrator, who has no password: how we speak (the protocol of
/// version 4.1, which the third number is of), how much at most, in which characters, and who.
fn log_in_to_mariadb(server: &mut TcpStream) -> io::Result<()> {
    packet(server)?;
    let mut answer = vec![0; 36];
    answer[4..8].copy_from_slice(&0x0000_8200_u32.to_le_bytes());
    answer[8..12].copy_from_slice(&0x0100_0000_u32.to_le_bytes());
    answer[12] = 45;
    answer.extend_from_slice(b"root\0\0");
    answer[0] = u8::try_from(answer.len() - 4).unwrap_or(u8::MAX);
    answer[3] = 1;
    server.write_all(&answer)?;
    match packet(server)?.first() {
        Some(0) => Ok(()),
        said => Err(io::Error::other(format!("not let in: {said:?}"))),
    }
}

/// The ping of a MySQL client.
fn mariadb(server: &mut TcpStream) -> io::Result<()> {
    server.write_all(&[1, 0, 0, 0, 0x0e])?;
    packet(server).map(drop)
}

/// What comes in one packet of MySQL's: its length, its number, and so many bytes.
fn packet(server: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    server.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
    let mut body = vec![0; length as usize];
    server.read_exact(&mut body)?;
    Ok(body)
}

/// Begins a session of PostgreSQL's administrator, who needs no password here.
fn log_in_to_postgres(server: &mut TcpStream) -> io::Result<()> {
    let who = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(who.len() + 4).unwrap_or(u32::MAX);
    server.write_all(&[&length.to_be_bytes(), &who[..]].concat())?;
    until_ready(server)
}

/// A query of no statement at all.
fn postgres(server: &mut TcpStream) -> io::Result<()> {
    server.write_all(b"Q\0\0\0\x05\0")?;
    until_ready(server)
}

/// Reads messages of PostgreSQL's, a letter and a length before each, up to the one that says that
/// it is ready.
fn until_ready(server: &mut TcpStream) -> io::Result<()> {
    loop {
        let mut head = [0; 5];
        server.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; length.saturating_sub(4) as usize];
        server.read_exact(&mut body)?;
        match head[0] {
            b'Z' => return Ok(()),
            b'E' => return Err(io::Error::other(String::from_utf8_lossy(&body).into_owned())),
            _ => {}
        }
    }
}
