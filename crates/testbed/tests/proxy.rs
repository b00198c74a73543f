//! The proxy forwards, cuts, severs and heals, in front of a server that echoes.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use testbed::Proxy;

/// A server that sends back what it gets, for as long as the process lives.
fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("binds");
    let addr = listener.local_addr().expect("has an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("accepts");
            thread::spawn(move || io::copy(&mut &stream, &mut &stream));
        }
    });
    addr
}

fn proxy() -> Proxy {
    Proxy::start(echo_server()).expect("starts")
}

fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.addr()).expect("connects")
}

/// Sends a word and reads it back; false if the connection is closed.
fn echoes(mut stream: &TcpStream) -> bool {
    let mut back = [0; 4];
    stream.write_all(b"ping").and_then(|()| stream.read_exact(&mut back)).is_ok()
        && &back == b"ping"
}

#[test]
fn forwards_both_ways_until_the_end() {
    let proxy = proxy();
    let mut stream = connect(&proxy);
    assert!(echoes(&stream));
    stream.write_all(b"last words").expect("sends");
    stream.shutdown(Shutdown::Write).expect("ends its half");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("reads to the end");
    assert_eq!(rest, "last words");
}

#[test]
fn cut_closes_every_connection_and_takes_new_ones() {
    let proxy = proxy();
    let streams = [(); 3].map(|()| connect(&proxy));
    assert!(streams.iter().all(echoes));
    proxy.cut();
    assert!(!streams.iter().any(echoes));
    assert!(echoes(&connect(&proxy)));
}

#[test]
fn silenced_connections_stay_open_and_say_nothing() {
    let proxy = proxy();
    let forgotten = connect(&proxy);
    assert!(echoes(&forgotten));
    proxy.silence();
    forgotten.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
    (&forgotten).write_all(b"ping").expect("nobody refuses it");
    let silence = (&forgotten).read(&mut [0; 4]).expect_err("nothing comes back");
    assert!(matches!(silence.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
    assert!(echoes(&connect(&proxy)));
}

#[test]
fn severed_it_takes_no_connection_until_healed() {
    let proxy = proxy();
    let before = connect(&proxy);
    assert!(echoes(&before));
    proxy.sever();
    assert!(!echoes(&before));
    assert!(!echoes(&connect(&proxy)));
    proxy.heal();
    assert!(!echoes(&before));
    assert!(echoes(&connect(&proxy)));
}

#[test]
fn dropped_it_closes_its_connections_and_its_port() {
    let proxy = proxy();
    let addr = proxy.addr();
    let stream = connect(&proxy);
    assert!(echoes(&stream));
    drop(proxy);
    assert!(!echoes(&stream));
    TcpStream::connect(addr).expect_err("nobody listens");
}

#[test]
fn an_upstream_that_refuses_closes_the_client() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("binds").local_addr();
    let proxy = Proxy::start(nobody.expect("has an address")).expect("starts");
    assert!(!echoes(&connect(&proxy)));
}
