//! A holder that is really stopped, past its session, and goes on later.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lockset_api::{Lease as _, Lock};
use rustix::process::{Pid, Signal, kill_process};

use super::{LONG, SERVER, job};

/// Tells a second run of this binary that it is the holder, and where.
const ADDRESS: &str = "LOCKSET_STOPPED_HOLDER";

const TTL: Duration = Duration::from_secs(2);

/// The holder's side: says its fence, and at each line what it believes of its lease.
#[test]
fn holder() {
    let Ok(address) = env::var(ADDRESS) else { return };
    let (url, name) = address.rsplit_once('#').unwrap();
    let lease = job(url, name, TTL).lock().unwrap();
    say(&format!("fence {}", lease.fence()));
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        say(&format!("{line} {}", if lease.lost().is_lost() { "lost" } else { "held" }));
    }
}

fn say(answer: &str) {
    println!("\nholder> {answer}");
}

struct Holder {
    process: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Holder {
    fn start(name: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "stopped::holder", "--nocapture"])
            .env(ADDRESS, [&SERVER.url(), "#", name].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, answers }
    }

    fn ask(&mut self, question: &str) -> String {
        writeln!(self.process.stdin.as_mut().unwrap(), "{question}").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        let lines = self.answers.by_ref().lines();
        let mut said = lines.map_while(Result::ok);
        said.find_map(|line| line.strip_prefix("holder> ").map(str::to_owned)).expect("an answer")
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn fence(answer: &str) -> u64 {
    answer.strip_prefix("fence ").unwrap().parse().unwrap()
}

#[test]
fn a_holder_that_is_stopped_past_its_session_is_succeeded_and_told() {
    let mut holder = Holder::start("stopped/stopped");
    let stopped = fence(&holder.answer());
    assert_eq!(holder.ask("before"), "before held");
    holder.signal(Signal::STOP);
    let asked = Instant::now();
    let next = job(&SERVER.url(), "stopped/stopped", LONG).lock().unwrap();
    let kept = asked.elapsed();
    assert!(next.fence().value() > stopped);
    assert!(kept < TTL + Duration::from_secs(3), "{kept:?}");
    holder.signal(Signal::CONT);
    assert_eq!(holder.ask("after"), "after lost");
    // Whatever the one that was stopped does about its lease is nothing to the next one's.
    drop(holder);
    assert!(job(&SERVER.url(), "stopped/stopped", LONG).try_lock().unwrap().is_none());
    drop(next);
}

#[test]
fn a_holder_that_is_killed_keeps_the_lock_for_its_ttl_and_no_longer() {
    let mut holder = Holder::start("stopped/killed");
    let killed = fence(&holder.answer());
    holder.process.kill().unwrap();
    let asked = Instant::now();
    let lock = job(&SERVER.url(), "stopped/killed", LONG);
    let next = lock.lock().unwrap();
    let kept = asked.elapsed();
    assert!(next.fence().value() > killed);
    // Its session ends at once, so there is nothing to be rounded up.
    assert!(kept < TTL + Duration::from_millis(1500), "{kept:?}");
}
