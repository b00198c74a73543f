//! The proxy forwards, cuts, severs, delays and heals, in front of a server that echoes.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use testbed::{Direction, Proxy};

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

/// Everything that comes until the connection is closed, in whichever way.
fn rest(mut stream: &TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    all
}

#[test]
fn a_cut_of_replies_falls_after_its_byte() {
    let proxy = proxy();
    for bytes in 0..=4 {
        proxy.cut_after(bytes, Direction::Replies);
        let stream = connect(&proxy);
        (&stream).write_all(b"ping").expect("sends");
        assert_eq!(rest(&stream), b"ping"[..bytes as usize]);
    }
    proxy.heal();
    assert!(echoes(&connect(&proxy)));
}

#[test]
fn a_cut_of_requests_falls_after_its_byte() {
    // What has arrived in front of the cut, the server can tell only in another connection.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("binds");
    let proxy = Proxy::start(listener.local_addr().expect("has an address")).expect("starts");
    for bytes in 0..=4 {
        proxy.cut_after(bytes, Direction::Requests);
        let stream = connect(&proxy);
        (&stream).write_all(b"ping").expect("sends");
        let (server, _) = listener.accept().expect("accepts");
        assert_eq!(rest(&server), b"ping"[..bytes as usize]);
        assert_eq!(rest(&stream), b"");
        assert_eq!(proxy.traffic().last().expect("a connection").requests, bytes);
    }
}

#[test]
fn a_cut_falls_on_the_connections_to_come() {
    let proxy = proxy();
    let before = connect(&proxy);
    assert!(echoes(&before));
    proxy.cut_after(1, Direction::Requests);
    assert!(!echoes(&connect(&proxy)));
    assert!(!echoes(&connect(&proxy)));
    assert!(echoes(&before));
}

#[test]
fn a_cut_once_falls_on_one_connection_that_may_be_there_already() {
    let proxy = proxy();
    let streams = [(); 2].map(|()| connect(&proxy));
    assert!(streams.iter().all(echoes));
    proxy.cut_once_after(6, Direction::Replies);
    assert!(echoes(&streams[0]));
    assert!(proxy.is_cut_pending());
    assert!(!echoes(&streams[1]));
    assert!(!proxy.is_cut_pending());
    assert!(echoes(&streams[0]));
    assert!(echoes(&connect(&proxy)));
}

#[test]
fn traffic_is_told_for_each_connection() {
    let proxy = proxy();
    let streams = [(); 2].map(|()| connect(&proxy));
    assert!(echoes(&streams[0]));
    assert!(echoes(&streams[1]));
    assert!(echoes(&streams[1]));
    let traffic: Vec<_> = proxy.traffic().iter().map(|t| (t.requests, t.replies)).collect();
    assert_eq!(traffic, [(4, 4), (8, 8)]);
}

#[test]
fn more_than_the_kernel_buffers_arrives_whole() {
    let proxy = proxy();
    let stream = connect(&proxy);
    let sent: Vec<u8> = (0..8 << 20).map(|n: u32| (n % 251) as u8).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            (&stream).write_all(&sent).expect("sends");
            stream.shutdown(Shutdown::Write).expect("ends its half");
        });
        assert!(rest(&stream) == sent);
    });
}

/// Long against the jitter of a busy machine, which may only add to it.
const ONE_WAY: Duration = Duration::from_millis(20);

#[test]
fn delayed_everything_takes_both_ways() {
    let proxy = Proxy::with_delay(echo_server(), ONE_WAY).expect("starts");
    let stream = connect(&proxy);
    let quickest = (0..10).map(|_| {
        let start = Instant::now();
        assert!(echoes(&stream));
        start.elapsed()
    });
    let quickest = quickest.min().expect("ten of them");
    assert!(quickest >= 2 * ONE_WAY, "{quickest:?}");
    assert!(quickest < 3 * ONE_WAY, "{quickest:?}");
}

#[test]
fn delays_of_what_is_under_way_at_once_do_not_add_up() {
    let proxy = Proxy::with_delay(echo_server(), ONE_WAY).expect("starts");
    let stream = connect(&proxy);
    let start = Instant::now();
    // One after another rather than in one piece: each comes at a time of its own.
    for _ in 0..50 {
        (&stream).write_all(b"ping").expect("sends");
        thread::yield_now();
    }
    stream.shutdown(Shutdown::Write).expect("ends its half");
    assert_eq!(rest(&stream), b"ping".repeat(50));
    let took = start.elapsed();
    assert!(took >= 2 * ONE_WAY, "{took:?}");
    assert!(took < 20 * ONE_WAY, "{took:?}");
}

#[test]
fn what_is_sent_at_once_is_one_round_trip_and_what_is_sent_after_an_answer_another() {
    let proxy = Proxy::with_delay(echo_server(), ONE_WAY).expect("starts");
    let stream = connect(&proxy);
    let round_trips = || proxy.traffic()[0].round_trips;
    for count in 1..=3 {
        assert!(echoes(&stream));
        assert_eq!(round_trips(), count);
    }
    for _ in 0..5 {
        (&stream).write_all(b"ping").expect("sends");
    }
    stream.shutdown(Shutdown::Write).expect("ends its half");
    assert_eq!(rest(&stream), b"ping".repeat(5));
    assert_eq!(round_trips(), 4);
}

/// What comes after a delay that is over does not come before what it held up.
#[test]
fn a_delay_that_ends_lets_nothing_overtake() {
    let proxy = proxy();
    let stream = connect(&proxy);
    assert!(echoes(&stream));
    proxy.delay(ONE_WAY);
    let start = Instant::now();
    assert!(echoes(&stream));
    assert!(start.elapsed() >= 2 * ONE_WAY);
    (&stream).write_all(b"first").expect("sends");
    thread::yield_now();
    proxy.delay(Duration::ZERO);
    (&stream).write_all(b"second").expect("sends");
    stream.shutdown(Shutdown::Write).expect("ends its half");
    assert_eq!(rest(&stream), b"firstsecond");
}
