//! What the server can do at most: the commands of a lock, sent by `redis-benchmark`.

use std::net::SocketAddr;
use std::process;

use crate::commands::{Command, Script};
use crate::rival::Figure;

/// As many commands are on their way at once as there are tasks beside it.
const PIPELINE: usize = 64;
/// Locks that are drawn from at random.
const LOCKS: usize = 100_000;
/// Commands that are measured: few enough that most locks are drawn no more than once.
const MEASURED: usize = 50_000;
/// Commands after which most locks have been drawn.
const FILLED: usize = 200_000;
/// How it reports what the server refused.
const ERROR: &str = "Error from server";

/// Pairs in a second, if nothing but the server's work on them took time; each is about another
/// lock.
///
/// Each command meets what it would meet in a pair: the ones before it have been done.
///
/// # Errors
///
/// If `redis-benchmark` is missing, or fails.
pub(crate) fn pairs_per_second(server: SocketAddr, script: &Script) -> Figure<f64> {
    let Script { commands, name } = script;
    let mut seconds = 0.0;
    for (nth, command) in commands.iter().enumerate() {
        flush(server);
        for before in &commands[..nth] {
            rate(server, before, name, FILLED)?;
        }
        seconds += 1.0 / rate(server, command, name, MEASURED)?;
    }
    flush(server);
    Ok(1.0 / seconds)
}

fn flush(server: SocketAddr) {
    let client = redis::Client::open(format!("redis://{server}")).expect("a URL");
    let mut connection = client.get_connection().expect("the server is there");
    redis::cmd("FLUSHALL").exec(&mut connection).expect("the server answers");
}

/// Commands in a second.
fn rate(server: SocketAddr, command: &Command, name: &str, count: usize) -> Figure<f64> {
    let mut program = process::Command::new("redis-benchmark");
    program.args(["-h", &server.ip().to_string(), "-p", &server.port().to_string(), "--csv", "-e"]);
    program.args(["-c", "1", "-P", &PIPELINE.to_string(), "-r", &LOCKS.to_string()]);
    program.args(["-n", &count.to_string()]);
    program.args(command.iter().map(|word| argument(word, name)));
    let output = program.output().map_err(|error| format!("redis-benchmark: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Below the head is the one row: the command, which may have anything in it, and seven figures.
    let rate = text.lines().last().and_then(|row| row.rsplit(',').nth(6));
    let rate = rate.and_then(|figure| figure.trim_matches('"').parse::<f64>().ok());
    let is_well = output.status.success() && !text.contains(ERROR);
    let failed = || format!("redis-benchmark: {text}{}", String::from_utf8_lossy(&output.stderr));
    rate.filter(|_| is_well).ok_or_else(failed)
}

/// The word with another lock's name in it. Bytes that no argument of a program can have, such as
/// those of a random token, become others, and always the same ones.
fn argument(word: &[u8], name: &str) -> String {
    match std::str::from_utf8(word) {
        Ok(text) if !text.contains('\0') => text.replace(name, &format!("{name}__rand_int__")),
        _ => "x".repeat(word.len()),
    }
}
