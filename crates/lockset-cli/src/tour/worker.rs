//! A worker process, seen from inside: it takes one task from stdin and tells its news on stdout.
//!
//! Orders and news are JSON, one value a line. The task comes that way, and not as an argument,
//! because it may contain a server's password, and arguments can be read by everybody.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::steps::Task;
use crate::error::{Context, Result, in_one_line};

/// What the tour sends to a worker.
#[derive(Serialize, Deserialize)]
pub(crate) enum Order {
    /// What to do.
    Task(Task),
    /// Go on from where you said that you wait.
    Go,
}

/// What a worker sends to the tour.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum News {
    /// It waits for [`Order::Go`].
    Ready,
    /// So much more is done, for the live counter.
    Booked(usize),
    /// It has done its task, and this came of it.
    Done(Value),
    /// It could not.
    Failed(String),
}

/// The tour, as a worker sees it.
pub(crate) struct Boss;

/// Does what stdin says.
pub(crate) fn run() -> ExitCode {
    die_with_the_tour();
    let mut boss = Boss;
    match work(&mut boss) {
        Ok(done) => {
            boss.tell(&News::Done(done));
            ExitCode::SUCCESS
        }
        Err(error) => {
            boss.tell(&News::Failed(in_one_line(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn work(boss: &mut Boss) -> Result<Value> {
    match Boss::order()? {
        Order::Task(task) => task.work(boss),
        Order::Go => Err("the tour says go, and has not said what to do".into()),
    }
}

impl Boss {
    /// Says that it waits, and waits until it is told to go on.
    pub(crate) fn ready(&mut self) -> Result<()> {
        self.tell(&News::Ready);
        match Self::order()? {
            Order::Go => Ok(()),
            Order::Task(_) => Err("a second task".into()),
        }
    }

    /// Tells the tour something. If it is gone, the next wait for an order says so.
    pub(crate) fn tell(&mut self, news: &News) {
        if let Ok(line) = serde_json::to_string(news) {
            let _ = writeln!(io::stdout(), "{line}");
        }
    }

    fn order() -> Result<Order> {
        let mut line = String::new();
        match io::stdin().read_line(&mut line).context("cannot hear the tour")? {
            0 => Err("the tour is gone".into()),
            _ => serde_json::from_str(&line).context("an order that makes no sense"),
        }
    }
}

/// Has the kernel kill this process when the tour dies, however it dies: a stopped process would
/// not notice by itself. Elsewhere than on Linux, it notices the end of stdin once it runs.
fn die_with_the_tour() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // Should this fail, the end of stdin is left.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
}
