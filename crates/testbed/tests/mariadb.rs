//! A MariaDB server starts, answers, and suffers every fault that the testbed offers.

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use testbed::MariaDb;

/// A paused server makes the test wait this long once.
const PAUSE: Duration = Duration::from_millis(200);

fn start() -> MariaDb {
    MariaDb::start().unwrap_or_else(|error| panic!("{error}"))
}

/// Five bytes, of which the last is the version of the protocol.
fn greeting(stream: &mut TcpStream) -> io::Result<u8> {
    let mut header = [0; 5];
    stream.read_exact(&mut header)?;
    Ok(header[4])
}

fn connect(addr: SocketAddr) -> TcpStream {
    TcpStream::connect(addr).expect("connects")
}

#[test]
fn greets_at_the_address_it_names() {
    let server = start();
    let addr = server.addr();
    assert_eq!(server.url(), format!("mysql://lockset:secret@{addr}/lockset"));
    assert_eq!(server.url_of("root"), format!("mysql://root@{addr}/lockset"));
    assert_eq!(greeting(&mut connect(addr)).expect("greets"), 10);
}

#[test]
fn paused_it_is_silent_and_resumed_it_goes_on() {
    let server = start();
    server.pause().expect("pauses");
    let mut stream = connect(server.addr());
    stream.set_read_timeout(Some(PAUSE)).expect("sets a timeout");
    assert_eq!(greeting(&mut stream).expect_err("silent").kind(), ErrorKind::WouldBlock);
    server.resume().expect("resumes");
    stream.set_read_timeout(None).expect("sets no timeout");
    assert_eq!(greeting(&mut stream).expect("greets"), 10);
}

#[test]
fn killed_it_refuses_and_restarted_it_has_its_files() {
    let mut server = start();
    let (addr, pid) = (server.addr(), server.pid());
    let database = server.dir().join("data/lockset");
    assert!(database.is_dir());
    server.kill().expect("is killed");
    assert_eq!(TcpStream::connect(addr).expect_err("refuses").kind(), ErrorKind::ConnectionRefused);
    server.restart().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(server.addr(), addr);
    assert_ne!(server.pid(), pid);
    assert!(database.is_dir());
    assert_eq!(greeting(&mut connect(addr)).expect("greets"), 10);
}

#[test]
fn dropped_it_leaves_nothing() {
    let server = start();
    let (dir, pid) = (server.dir().to_owned(), server.pid());
    drop(server);
    testbed::eventually("the directory is gone", || !dir.exists());
    testbed::eventually("the server is gone", || {
        !std::path::Path::new(&format!("/proc/{pid}")).exists()
    });
}
