//! A Redis server starts, answers, and suffers every fault that the testbed offers.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use testbed::Redis;

/// Long enough for a running server to answer; a paused one makes the test wait this long once.
const PAUSE: Duration = Duration::from_millis(200);

fn connect(addr: SocketAddr) -> TcpStream {
    TcpStream::connect(addr).expect("connects")
}

fn send(stream: &mut TcpStream, command: &str) {
    stream.write_all(format!("{command}\r\n").as_bytes()).expect("sends");
}

fn reply(stream: &mut TcpStream) -> io::Result<String> {
    let mut buffer = [0; 256];
    let length = stream.read(&mut buffer)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

fn ask(stream: &mut TcpStream, command: &str) -> String {
    send(stream, command);
    reply(stream).expect("answers")
}

#[test]
fn answers_at_the_address_it_names() {
    let redis = Redis::start().expect("starts");
    assert_eq!(redis.url(), format!("redis://127.0.0.1:{}", redis.addr().port()));
    assert_eq!(ask(&mut connect(redis.addr()), "PING"), "+PONG\r\n");
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    let [one, two] = [(); 2].map(|()| Redis::start().expect("starts"));
    assert_ne!(one.addr(), two.addr());
    ask(&mut connect(one.addr()), "SET key one");
    assert_eq!(ask(&mut connect(two.addr()), "GET key"), "$-1\r\n");
}

#[test]
fn paused_it_is_silent_and_resumed_it_answers_what_was_asked() {
    let redis = Redis::start().expect("starts");
    let mut stream = connect(redis.addr());
    redis.pause().expect("pauses");

    send(&mut stream, "PING");
    stream.set_read_timeout(Some(PAUSE)).expect("sets a timeout");
    assert_eq!(reply(&mut stream).expect_err("silent").kind(), ErrorKind::WouldBlock);

    redis.resume().expect("resumes");
    stream.set_read_timeout(None).expect("sets no timeout");
    assert_eq!(reply(&mut stream).expect("answers"), "+PONG\r\n");
}

#[test]
fn killed_it_refuses() {
    let mut redis = Redis::start().expect("starts");
    redis.kill().expect("is killed");
    let error = TcpStream::connect(redis.addr()).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn dropped_it_leaves_nothing_whether_killed_or_not() {
    let [mut killed, running] = [(); 2].map(|()| Redis::start().expect("starts"));
    killed.kill().expect("is killed");
    for redis in [killed, running] {
        let dir = redis.dir().to_owned();
        assert!(dir.is_dir());
        drop(redis);
        assert!(!dir.exists());
    }
}

#[test]
fn killed_twice_is_killed_once() {
    let mut redis = Redis::start().expect("starts");
    redis.kill().expect("is killed");
    redis.kill().expect("stays killed");
    redis.pause().expect_err("there is nothing to pause");
}

#[test]
fn dropped_while_paused_it_ends() {
    let redis = Redis::start().expect("starts");
    let (addr, dir) = (redis.addr(), redis.dir().to_owned());
    redis.pause().expect("pauses");
    drop(redis);
    TcpStream::connect(addr).expect_err("nobody listens");
    assert!(!dir.exists());
}

#[test]
fn restarted_it_has_the_same_address_and_no_memory() {
    let mut redis = Redis::start().expect("starts");
    let addr = redis.addr();
    ask(&mut connect(addr), "SET key value");
    redis.restart().expect("restarts");
    assert_eq!(redis.addr(), addr);
    assert_eq!(ask(&mut connect(addr), "GET key"), "$-1\r\n");
}

#[test]
fn killed_it_can_be_restarted() {
    let mut redis = Redis::start().expect("starts");
    redis.kill().expect("is killed");
    redis.restart().expect("restarts");
    assert_eq!(ask(&mut connect(redis.addr()), "PING"), "+PONG\r\n");
    redis.pause().expect("the new one pauses");
    redis.restart().expect("restarts from a pause");
    assert_eq!(ask(&mut connect(redis.addr()), "PING"), "+PONG\r\n");
}

#[test]
fn durable_it_remembers_what_it_answered() {
    let mut redis = Redis::start_durable().expect("starts");
    ask(&mut connect(redis.addr()), "SET key value");
    redis.restart().expect("restarts");
    assert_eq!(ask(&mut connect(redis.addr()), "GET key"), "$5\r\nvalue\r\n");
}

#[test]
fn a_command_is_answered_as_it_comes() {
    let redis = Redis::start().expect("starts");
    assert_eq!(redis.command(&["SET", "two words", "a\r\nb"]).expect("sets"), "+OK\r\n");
    assert_eq!(redis.command(&["GET", "two words"]).expect("reads"), "$4\r\na\r\nb\r\n");
    let error = redis.command(&["NONSENSE"]).expect_err("is refused");
    assert!(error.to_string().contains("unknown command"), "{error}");
}

#[test]
fn a_user_may_do_what_his_rules_say() {
    let redis = Redis::start().expect("starts");
    redis.add_user("worker", "secret", &["~lock:*", "+set"]).expect("makes a user");
    let mut stream = connect(redis.addr());
    assert!(ask(&mut stream, "AUTH worker wrong").starts_with("-WRONGPASS"));
    assert_eq!(ask(&mut stream, "AUTH worker secret"), "+OK\r\n");
    assert_eq!(ask(&mut stream, "SET lock:a 1"), "+OK\r\n");
    assert!(ask(&mut stream, "SET other 1").starts_with("-NOPERM"));
    assert!(ask(&mut stream, "GET lock:a").starts_with("-NOPERM"));
}
