//! Another process that uses the same database, and does as it is told.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use lockset_api::{Deadline, Lease, Lock};
use lockset_remote::{Locks, sqlite::Sqlite};

/// Where a child finds the path of its database, which says that it is one.
const DATABASE: &str = "LOCKSET_SQLITE_CHILD";

/// What stands before each answer: the test harness prints as well.
const ANSWER: &str = "answer: ";

pub(crate) struct Child {
    process: Process,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(database: &Path) -> Self {
        Self::start_by(&[], database)
    }

    /// Starts one by a program and its arguments, which runs what follows them.
    pub(crate) fn start_by(by: &[&str], database: &Path) -> Self {
        let child = env::current_exe().unwrap();
        let child = child.to_str().unwrap();
        let rest = ["--exact", "child::child", "--nocapture", "--test-threads=1"];
        let mut words = by.iter().copied().chain([child]).chain(rest);
        let mut process = Command::new(words.next().unwrap())
            .args(words)
            .env(DATABASE, database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{by:?} (package util-linux): {error}"));
        let (orders, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut child = Self { process, orders, answers: BufReader::new(answers) };
        assert_eq!(child.answer().as_deref(), Some("ready"), "started by {by:?}");
        child
    }

    pub(crate) fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// Its next answer, if it lives to give one.
    pub(crate) fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.answers.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // One that was killed may have begun an answer that it did not end.
            if let Some(answer) = line.strip_prefix(ANSWER).and_then(|line| line.strip_suffix('\n'))
            {
                return Some(answer.to_owned());
            }
        }
    }

    pub(crate) fn ask(&mut self, order: &str) -> String {
        self.tell(order);
        self.answer().expect("an answer")
    }

    /// The fence that it was granted what it waits for with.
    pub(crate) fn granted(&mut self) -> u64 {
        let answer = self.answer().expect("an answer");
        answer.strip_prefix("held ").unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
    }

    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.process)
    }

    /// By SIGKILL; it is gone when this returns.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn say(answer: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "\n{ANSWER}{answer}").and_then(|()| out.flush()).expect("somebody listens");
}

/// Not a test, but what a child does.
#[test]
fn child() {
    let Ok(database) = env::var(DATABASE) else { return };
    let locks = || Sqlite::open(&database).map(Locks::new);
    let mut held = Vec::new();
    let mut opened = None;
    say("ready");
    for order in io::stdin().lines() {
        let order = order.unwrap();
        let words: Vec<_> = order.split(' ').collect();
        if opened.is_none() {
            match locks() {
                Ok(locks) => opened = Some(locks),
                Err(error) => {
                    say(&format!("{error:?}"));
                    continue;
                }
            }
        }
        let locks = opened.as_ref().unwrap();
        match words[..] {
            ["lock", name, ttl] => {
                let ttl = Duration::from_millis(ttl.parse().unwrap());
                let lock = locks.lock(name).unwrap().with_ttl(ttl).unwrap();
                match lock.lock() {
                    Ok(lease) => {
                        say(&format!("held {}", lease.fence()));
                        held.push(lease);
                    }
                    Err(error) => say(&format!("{error:?}")),
                }
            }
            ["release"] => match held.pop().unwrap().release() {
                Ok(released) => say(&format!("{released:?}")),
                Err(error) => say(&format!("{error:?}")),
            },
            ["churn", seed] => churn(locks, seed.parse().unwrap()),
            _ => panic!("unknown order {order:?}"),
        }
    }
}

/// How long a lease lasts that nobody renews any more since its holder was killed.
pub(crate) const CHURN_TTL: Duration = Duration::from_millis(300);

/// Takes and gives back locks in all ways there are, until it is killed, and says each grant.
fn churn(locks: &Locks, mut seed: u64) {
    let lock = locks.lock("a").unwrap().with_ttl(CHURN_TTL).unwrap();
    let both = locks.lock_all(&["b", "a"]).unwrap().with_ttl(CHURN_TTL).unwrap();
    let readers = locks.rw_lock("a").unwrap().with_ttl(CHURN_TTL).unwrap();
    loop {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let soon = Deadline::after(Duration::from_millis(seed >> 33 & 15));
        let (names, acquire) = match seed >> 60 & 3 {
            0 => ("ab", both.acquire(Deadline::NEVER)),
            1 => ("a", readers.acquire_shared(Deadline::NEVER)),
            2 => ("a", lock.acquire(soon)),
            _ => ("a", lock.acquire(Deadline::NEVER)),
        };
        if let Some(lease) = lockset_api::block_on(acquire).unwrap() {
            say(&format!("{names} {}", lease.fence()));
            drop(lease.release());
        }
    }
}
