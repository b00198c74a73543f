//! The very commands that a lock sends, as the server sees them, so that they can be sent again
//! without the lock: by a bare client, or by `redis-benchmark`.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use crate::rival::{Figure, Measured};

/// A command, word by word.
pub(crate) type Command = Vec<Vec<u8>>;

/// What one uncontended pair of a lock sends.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) commands: Vec<Command>,
    /// The lock's name, which is in each of them.
    pub(crate) name: String,
}

impl Script {
    /// What a pair of the lock `name` sends.
    ///
    /// # Errors
    ///
    /// If pairs are not all alike.
    pub(crate) fn of(measured: &mut dyn Measured, server: SocketAddr, name: &str) -> Figure<Self> {
        // One to warm up, which is seen as well, and these.
        const PAIRS: usize = 2;
        // The server has to know the scripts already: they are sent to it only once.
        measured.pairs(name, PAIRS)?;
        let log = monitored(server, || measured.pairs(name, PAIRS).map(drop))?;
        let is_ours = |words: &Command| words.iter().any(|word| contains(word, name.as_bytes()));
        let mut commands: Vec<Command> =
            log.iter().filter_map(|line| parse(line)).filter(is_ours).collect();
        let length = commands.len() / (PAIRS + 1);
        let verbs = |pair: &[Command]| pair.iter().map(|words| words[0].clone()).collect();
        let pairs: Vec<Vec<Vec<u8>>> = commands.chunks(length.max(1)).map(verbs).collect();
        if length == 0 || pairs.iter().any(|pair| *pair != pairs[0]) {
            return Err(format!("its pairs are not all alike: {log:?}"));
        }
        commands.truncate(length);
        Ok(Self { commands, name: name.to_owned() })
    }
}

/// What the server says it was told while `work` ran.
fn monitored(server: SocketAddr, work: impl FnOnce() -> Figure<()>) -> Figure<Vec<String>> {
    const END: &str = "that was all";
    let connect = || TcpStream::connect(server).expect("the server listens");
    let (monitor, mut last) = (connect(), connect());
    let mut lines = BufReader::new(&monitor).lines().map(|line| line.expect("the server talks"));
    (&monitor).write_all(b"MONITOR\r\n").expect("the server listens");
    assert_eq!(lines.next().as_deref(), Some("+OK"), "MONITOR is allowed");
    work()?;
    write!(last, "PING \"{END}\"\r\n").expect("the server listens");
    Ok(lines.take_while(|line| !line.contains(END)).collect())
}

/// The words of a line such as `+1700000000.000000 [0 127.0.0.1:5000] "SET" "name" "\x00"`; none if
/// it was a script that sent them.
fn parse(line: &str) -> Option<Command> {
    let (head, mut rest) = line.split_once("] ")?;
    if head.ends_with("[0 lua") {
        return None;
    }
    let mut words = Vec::new();
    while let Some(quoted) = rest.strip_prefix('"') {
        let (word, after) = unquoted(quoted)?;
        words.push(word);
        rest = after.trim_start();
    }
    Some(words)
}

/// The word up to its closing quote, and what follows.
fn unquoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let (mut word, mut bytes) = (Vec::new(), text.bytes().enumerate());
    loop {
        let (at, byte) = bytes.next()?;
        word.push(match byte {
            b'"' => return Some((word, &text[at + 1..])),
            b'\\' => match bytes.next()?.1 {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'a' => 7,
                b'b' => 8,
                b'x' => {
                    let digits = text.get(at + 2..at + 4)?;
                    bytes.nth(1)?;
                    u8::from_str_radix(digits, 16).ok()?
                }
                other => other,
            },
            other => other,
        });
    }
}

fn contains(word: &[u8], part: &[u8]) -> bool {
    word.windows(part.len()).any(|window| window == part)
}
