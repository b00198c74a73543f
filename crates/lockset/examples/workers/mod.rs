//! What the examples of several processes share: the running program, started once more.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, set_parent_process_death_signal};

/// Where a worker finds what it works on, and which of them it is.
const PLACE: &str = "LOCKSET_EXAMPLE_WORKS_IN";
const NUMBER: &str = "LOCKSET_EXAMPLE_WORKER";

/// A process that works, seen from outside; killed when dropped.
pub(crate) struct Worker(Child);

impl Worker {
    /// Starts the running program, which is `example`, once more, as worker `number`.
    pub(crate) fn start(example: &str, dir: &Path, number: u32) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        // If the program is the test of all examples, that is the one to run.
        command.args(["--exact", example, "--nocapture", "--test-threads=1"]);
        command.env(PLACE, dir).env(NUMBER, number.to_string());
        Ok(Self(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?))
    }

    /// An error if it has failed.
    #[allow(dead_code, reason = "not each example waits for something of its workers")]
    pub(crate) fn is_well(&mut self) -> Result<(), Box<dyn Error>> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("a worker ended with {status}").into()),
        }
    }

    /// As a crash would end it.
    #[allow(dead_code, reason = "not each example is about crashes")]
    pub(crate) fn kill(mut self) -> Result<(), Box<dyn Error>> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    /// Closes its standard input, which tells it to stop if it looks, and waits until it has ended.
    pub(crate) fn join(mut self) -> Result<(), Box<dyn Error>> {
        drop(self.0.stdin.take());
        match self.0.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("a worker ended with {status}").into()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// In a worker's process: where it works, and which one it is.
pub(crate) fn this() -> Option<(PathBuf, u32)> {
    let place = (PathBuf::from(env::var_os(PLACE)?), env::var(NUMBER).ok()?.parse().ok()?);
    // Should the first process die, nobody would end this one.
    set_parent_process_death_signal(Some(Signal::KILL)).ok()?;
    Some(place)
}
