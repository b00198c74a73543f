//! The worker processes, seen from the tour: started, listened to, paused, and never left behind.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde::de::DeserializeOwned;

use super::progress::Progress;
use super::steps::Task;
use super::worker::{News, Order};
use crate::error::{Context, Result};

/// How long a worker may be silent before it counts as stuck: far longer than any of them is on a
/// slow disk and a busy machine, and short enough to wait for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The patience is counted in pieces of this length. While the tour itself is stopped, as by
/// Ctrl-Z, the clock goes on; but however long that lasts, it uses up one piece.
const PIECE: Duration = Duration::from_secs(1);

/// How often to look whether a worker has stopped: nobody announces that.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A worker process; it is killed when this is dropped, stopped or not.
pub(crate) struct Worker {
    name: String,
    process: Child,
    orders: ChildStdin,
    news: Receiver<News>,
}

impl Worker {
    /// Starts this very program as a worker, and gives it its task.
    pub(crate) fn start(name: &str, task: Task, progress: &Arc<Progress>) -> Result<Self> {
        let cannot = || format!("cannot start {name}");
        let program = env::current_exe().context(cannot())?;
        let mut command = Command::new(program);
        command.arg("worker").stdin(Stdio::piped()).stdout(Stdio::piped());
        // A group of its own: Ctrl-Z would cost a worker its lease, and the `fg` after it would
        // wake one that is to stay stopped.
        command.process_group(0);
        let mut process = command.spawn().context(cannot())?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (orders, stdout) = pipes.ok_or("a pipe is missing").context(cannot())?;
        let (sender, news) = channel();
        let counter = Arc::clone(progress);
        thread::spawn(move || listen(stdout, &sender, &counter));
        let mut worker = Self { name: name.to_owned(), process, orders, news };
        worker.order(&serde_json::to_string(&Order::Task(task))?)?;
        Ok(worker)
    }

    /// Waits until it says that it waits.
    pub(crate) fn until_ready(&self) -> Result<()> {
        match self.news()? {
            News::Ready => Ok(()),
            other => self.unexpected(&other),
        }
    }

    /// Tells it to go on.
    pub(crate) fn go(&mut self) -> Result<()> {
        self.order(&serde_json::to_string(&Order::Go)?)
    }

    /// Waits until its task is done, and returns what came of it.
    pub(crate) fn until_done<T: DeserializeOwned>(&self) -> Result<T> {
        match self.news()? {
            News::Done(value) => serde_json::from_value(value)
                .context(format!("{} reports what makes no sense", self.name)),
            other => self.unexpected(&other),
        }
    }

    /// Stops it where it stands (SIGSTOP), and returns once it has stopped.
    pub(crate) fn pause(&self) -> Result<()> {
        let cannot = || format!("cannot pause {}", self.name);
        kill_process(self.pid(), Signal::STOP).context(cannot())?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let options = WaitOptions::UNTRACED | WaitOptions::NOHANG;
            match waitpid(Some(self.pid()), options).context(cannot())? {
                Some((_, status)) if status.stopped() => return Ok(()),
                Some(_) => return Err("it has ended").context(cannot()),
                None if Instant::now() > deadline => {
                    return Err("it does not stop").context(cannot());
                }
                None => thread::sleep(LOOK_EVERY),
            }
        }
    }

    /// Lets it run again (SIGCONT).
    pub(crate) fn resume(&self) -> Result<()> {
        kill_process(self.pid(), Signal::CONT).context(format!("cannot resume {}", self.name))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    fn order(&mut self, line: &str) -> Result<()> {
        writeln!(self.orders, "{line}").context(format!("{} does not listen", self.name))
    }

    /// The next news, other than that it gets on with its work.
    fn news(&self) -> Result<News> {
        let name = &self.name;
        let mut silent = Duration::ZERO;
        while silent < PATIENCE {
            match self.news.recv_timeout(PIECE) {
                Ok(News::Booked(_)) => silent = Duration::ZERO,
                Ok(News::Failed(why)) => return Err(format!("{name}: {why}").into()),
                Ok(news) => return Ok(news),
                Err(RecvTimeoutError::Timeout) => silent += PIECE,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("{name} has ended before its task was done").into());
                }
            }
        }
        Err(format!("{name} has said nothing for {} s", PATIENCE.as_secs()).into())
    }

    fn unexpected<T>(&self, news: &News) -> Result<T> {
        Err(format!("{} says {news:?} at the wrong time", self.name).into())
    }
}

/// Lets the workers loose at the same moment, and returns what came of their tasks.
pub(crate) fn together<T: DeserializeOwned>(mut workers: Vec<Worker>) -> Result<Vec<T>> {
    workers.iter().try_for_each(Worker::until_ready)?;
    workers.iter_mut().try_for_each(Worker::go)?;
    workers.iter().map(Worker::until_done).collect()
}

/// Passes a worker's news on, until its stdout ends, and counts what it has done at once: whoever
/// waits for the news may be waiting for those of another worker.
fn listen(stdout: ChildStdout, news: &Sender<News>, counter: &Progress) {
    for line in BufReader::new(stdout).lines().map_while(io::Result::ok) {
        let heard = serde_json::from_str(&line)
            .unwrap_or_else(|_| News::Failed(format!("says what makes no sense: {line:.100}")));
        if let News::Booked(more) = heard {
            counter.add(more);
        }
        if news.send(heard).is_err() {
            return;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended long ago. SIGKILL also ends one that is stopped.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
