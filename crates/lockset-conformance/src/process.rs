//! What a lock between processes must do, with real processes that are really killed.
//!
//! A peer is the running test binary, started once more to run one test, which serves the check
//! over its standard input and output: see [`ProcessSubject`].

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, StdinLock, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use lockset_api::Lock;

use crate::lock::{ensure, free_soon, same};
use crate::{Check, ProcessSubject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! process {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { process [
            a_process_excludes_another
            processes_lose_no_update
            a_killed_holder_does_not_keep_the_lock
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: ProcessSubject>() -> [Check<S>; 3] {
    crate::process!(__values, S)
}

/// Where a peer finds the lock's address; its presence makes a process a peer.
const ADDRESS: &str = "LOCKSET_CONFORMANCE_PEER";
/// Tells a peer's answers from what the test runner prints.
const ANSWER: &str = "peer> ";

/// While one process holds the lock, another is not granted it; afterwards it is.
///
/// # Errors
///
/// What was seen instead.
pub fn a_process_excludes_another<S: ProcessSubject>(subject: &S) -> Result<(), String> {
    let lock = subject.open();
    let mut peer = Peer::start(subject)?;
    let guard = lock.lock().map_err(|error| error.to_string())?;
    same_answer(&peer.ask("try")?, "busy")?;
    drop(guard);
    same_answer(&peer.ask("lock")?, "held")?;
    let granted = lock.try_lock().map_err(|error| error.to_string())?;
    ensure(granted.is_none(), "granted a lock that another process holds")?;
    drop(granted);
    same_answer(&peer.ask("release")?, "released")?;
    free_soon(&lock)
}

/// Several processes count up a number in a file, one after another.
///
/// # Errors
///
/// What was seen instead.
pub fn processes_lose_no_update<S: ProcessSubject>(subject: &S) -> Result<(), String> {
    const PEERS: usize = 3;
    let rounds = S::ROUNDS.min(100);
    let dir = env::temp_dir().join(format!("lockset-count-{}", unique()));
    fs::create_dir(&dir).map_err(|error| error.to_string())?;
    let file = dir.join("count");
    let counted = fs::write(&file, "0").map_err(|error| error.to_string()).and_then(|()| {
        let started = (0..PEERS).map(|_| Peer::start(subject)).collect::<Result<Vec<_>, _>>();
        let mut peers = started?;
        let order = format!("count {rounds} {}", file.display());
        peers.iter_mut().try_for_each(|peer| peer.tell(&order))?;
        peers.iter_mut().try_for_each(|peer| same_answer(&peer.answer()?, "counted"))?;
        read_count(&file)
    });
    drop(fs::remove_dir_all(&dir));
    same("sections that left their mark", PEERS * rounds, counted?)
}

/// A holder that is killed, without a chance to let go, does not keep the lock for ever.
///
/// # Errors
///
/// What was seen instead.
pub fn a_killed_holder_does_not_keep_the_lock<S: ProcessSubject>(
    subject: &S,
) -> Result<(), String> {
    let lock = subject.open();
    for _ in 0..2 {
        let mut peer = Peer::start(subject)?;
        same_answer(&peer.ask("lock")?, "held")?;
        let granted = lock.try_lock().map_err(|error| error.to_string())?;
        ensure(granted.is_none(), "granted a lock that another process holds")?;
        drop(granted);
        peer.kill();
        // At once where the kernel frees it, after the TTL where time does. A lock that stays
        // taken hangs here, and is found out by the suite's patience.
        drop(lock.lock().map_err(|error| error.to_string())?);
    }
    Ok(())
}

/// The body of the test that a peer runs; does nothing in a process that is none.
///
/// # Panics
///
/// If the check that started this peer is gone, or the lock fails: in a peer, that is its end.
pub fn serve<S: ProcessSubject>() {
    serve_or::<S>(|_, order, _| panic!("unknown order {order:?}"));
}

/// What the check has its peer do, a line each.
pub(crate) type Orders = io::Lines<StdinLock<'static>>;

/// The same, with what answers the orders that are for locks with something more.
pub(crate) fn serve_or<S: ProcessSubject>(other: fn(&S::Lock, &str, &mut Orders)) {
    let Ok(address) = env::var(ADDRESS) else { return };
    let lock = S::connect(&address);
    let mut guard = None;
    say("ready");
    let mut orders = io::stdin().lines();
    while let Some(order) = orders.next() {
        let order = order.expect("the check still writes");
        let mut words = order.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("try"), ..) => {
                let granted = lock.try_lock().expect("the lock works");
                say(if granted.is_some() { "held" } else { "busy" });
            }
            (Some("lock"), ..) => {
                guard = Some(lock.lock().expect("the lock works"));
                say("held");
            }
            (Some("release"), ..) => {
                drop(guard.take());
                say("released");
            }
            (Some("count"), Some(rounds), Some(file)) => {
                let rounds = rounds.parse().expect("a number of rounds");
                (0..rounds).for_each(|_| count_up(&lock, Path::new(file)));
                say("counted");
            }
            _ => other(&lock, &order, &mut orders),
        }
    }
}

pub(crate) fn say(answer: &str) {
    let mut out = io::stdout();
    writeln!(out, "\n{ANSWER}{answer}").and_then(|()| out.flush()).expect("the check still reads");
}

fn count_up<L: Lock>(lock: &L, file: &Path) {
    let guard = lock.lock().expect("the lock works");
    let count = read_count(file).expect("the number can be read");
    // Gives whoever else is inside the time to read the same number.
    thread::yield_now();
    let mut out = OpenOptions::new().write(true).open(file).expect("the file is there");
    // In one write and without truncation: a reader never sees half of it, nor an empty file.
    out.write_all((count + 1).to_string().as_bytes()).expect("the number can be written");
    drop(guard);
}

fn read_count(file: &Path) -> Result<usize, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    text.trim().parse().map_err(|_| format!("no number: {text:?}"))
}

/// A name that no other check of any process has.
fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the number only has to be unlike every other.
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn same_answer(seen: &str, wanted: &str) -> Result<(), String> {
    if seen == wanted { Ok(()) } else { Err(format!("a peer says {seen:?}, not {wanted:?}")) }
}

/// A process of its own that contends for the lock; killed when dropped.
pub(crate) struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    pub(crate) fn start<S: ProcessSubject>(subject: &S) -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let mut child = Command::new(program)
            .args(["--exact", S::PEER, "--nocapture", "--test-threads=1"])
            .env(ADDRESS, subject.address())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("no peer could be started: {error}"))?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let (Some(orders), Some(answers)) = pipes else {
            return Err("a peer without pipes".into());
        };
        let mut peer = Self { child, orders, answers: BufReader::new(answers) };
        let ready =
            peer.answer().map_err(|why| format!("{why}; is there a test {:?}?", S::PEER))?;
        same_answer(&ready, "ready").map(|()| peer)
    }

    pub(crate) fn ask(&mut self, order: &str) -> Result<String, String> {
        self.tell(order)?;
        self.answer()
    }

    pub(crate) fn tell(&mut self, order: &str) -> Result<(), String> {
        writeln!(self.orders, "{order}").map_err(|error| format!("a peer is gone: {error}"))
    }

    pub(crate) fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
            if read == 0 {
                return Err("a peer ended without an answer".into());
            }
            if let Some(answer) = line.strip_prefix(ANSWER) {
                return Ok(answer.trim().to_owned());
            }
        }
    }

    pub(crate) fn kill(&mut self) {
        // SIGKILL; and reaped, so that it is gone when this returns.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}
