//! A holder that is a process of its own: this binary once more.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use lockset_api::{Deadline, Lease as _, Lock};
use rustix::process::{Pid, Signal, kill_process};

use crate::account::Account;
use crate::cluster::job;

/// Where the cluster is, and the account.
const CLUSTER: &str = "LOCKSET_CLUSTER";
const ACCOUNT: &str = "LOCKSET_ACCOUNT";

pub(crate) const TTL: Duration = Duration::from_secs(2);

/// The holder's side: says its fence, and then does what each line asks for, without a look at
/// whether it still holds the lock.
#[test]
fn holder() {
    let (Ok(url), Some(account)) = (env::var(CLUSTER), env::var_os(ACCOUNT)) else { return };
    let account = Account::open(Path::new(&account));
    let lease = job(&url, TTL).lock().unwrap();
    say(&lease.fence().to_string());
    for line in std::io::stdin().lines() {
        match line.unwrap().split_once(' ') {
            Some(("write", cents)) => match account.write(lease.fence(), cents.parse().unwrap()) {
                Ok(()) => say("written"),
                Err(error) => say(&format!("refused {:?}", error.kind())),
            },
            // By then at the latest.
            _ => say(&format!("{:?}", lease.lost().wait(Deadline::after(TTL)))),
        }
    }
}

fn say(answer: &str) {
    println!("\nholder> {answer}");
}

pub(crate) struct Holder {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl Holder {
    pub(crate) fn start(url: &str, account: &Path) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "holder::holder", "--nocapture"])
            .env(CLUSTER, url)
            .env(ACCOUNT, account)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, answers }
    }

    pub(crate) fn ask(&mut self, question: &str) -> String {
        writeln!(self.process.stdin.as_mut().unwrap(), "{question}").unwrap();
        self.answer()
    }

    pub(crate) fn answer(&mut self) -> String {
        let lines = self.answers.by_ref().lines();
        let mut said = lines.map_while(Result::ok);
        said.find_map(|line| line.strip_prefix("holder> ").map(str::to_owned)).expect("an answer")
    }

    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
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
