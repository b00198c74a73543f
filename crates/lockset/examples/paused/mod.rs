//! What the examples about fences share: Ada, a process of its own, that is really stopped.

use std::env;
use std::error::Error;
use std::io::{BufRead, BufReader, Write, stdin};
use std::process::{Child, Command, Stdio};

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_parent_process_death_signal, waitpid,
};

/// Where Ada finds what she works on; its presence makes a process Ada's.
const ADDRESS: &str = "LOCKSET_EXAMPLE_ADA";

/// Tells what she says from what a test runner prints.
const SAYS: &str = "Ada: ";

/// The process of Ada, seen from outside; killed when dropped, stopped or not.
pub(crate) struct Ada(Child);

impl Ada {
    /// Starts the running program, which is `example`, once more, as hers.
    pub(crate) fn start(example: &str, address: &str) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        // If the program is the test of all examples, that is the one to run.
        command.args(["--exact", example, "--nocapture", "--test-threads=1"]);
        command.env(ADDRESS, address).stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(Self(command.spawn()?))
    }

    /// Waits until she has stopped, as the system tells. From then on nothing holds her back from
    /// going on, except that her process does not run.
    pub(crate) fn until_stopped(&mut self) -> Result<(), Box<dyn Error>> {
        match waitpid(Some(Pid::from_child(&self.0)), WaitOptions::UNTRACED)? {
            Some((_, status)) if status.stopped() => {}
            _ => return Err("Ada has ended, and was to stop".into()),
        }
        Ok(writeln!(self.0.stdin.as_ref().ok_or("a pipe is missing")?, "go on")?)
    }

    /// Lets her go on, to her end, and returns what she said.
    pub(crate) fn resume(mut self) -> Result<Vec<String>, Box<dyn Error>> {
        kill_process(Pid::from_child(&self.0), Signal::CONT)?;
        let lines = BufReader::new(self.0.stdout.take().ok_or("a pipe is missing")?).lines();
        let said = |line: String| Some(line.strip_prefix(SAYS)?.to_owned());
        let said = lines.map_while(Result::ok).filter_map(said).collect();
        match self.0.wait()? {
            status if status.success() => Ok(said),
            status => Err(format!("Ada ended with {status}, having said {said:?}").into()),
        }
    }
}

impl Drop for Ada {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// In Ada's process: where she finds what she works on.
pub(crate) fn address() -> Option<String> {
    let address = env::var(ADDRESS).ok()?;
    // Should the other process die, nobody would let this one go on.
    set_parent_process_death_signal(Some(Signal::KILL)).ok()?;
    Some(address)
}

/// In Ada's process: stops all of it, right here, until somebody lets it go on.
pub(crate) fn stop_here() -> Result<(), Box<dyn Error>> {
    kill_process(getpid(), Signal::STOP)?;
    // The signal may reach another thread first, and this one a little later.
    match stdin().read_line(&mut String::new())? {
        0 => Err("nobody is there any more".into()),
        _ => Ok(()),
    }
}

/// In Ada's process: tells the other one what became of her write, with its reason.
pub(crate) fn say(refused: &dyn Error) {
    let reason = refused.source().map_or_else(String::new, |source| format!(": {source}"));
    println!("\n{SAYS}{refused}{reason}");
}
