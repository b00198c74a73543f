//! Running other programs: said aloud, captured, or under a time limit.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// How often a running process is looked at; the shortest loom model takes about as long.
const INTERVAL: Duration = Duration::from_millis(5);

/// The cargo that runs us, so that nested builds use the same toolchain.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Says a command as one would type it.
pub(crate) fn say(command: &Command) {
    println!("\n$ {}", as_typed(command));
}

/// Says a command and runs it; an error that names it unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(command);
    let status = command.status()?;
    if !status.success() {
        return Err(format!("`{}` failed: {status}", as_typed(command)).into());
    }
    Ok(())
}

/// What a command prints; its errors go to ours.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("`{}` failed: {}", as_typed(command), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// How a process under a time limit ended.
pub(crate) enum Ending {
    Success,
    Failure,
    /// It was still running at the limit, and has been killed.
    TimedOut,
}

/// Runs a command for at most `limit`, with all that it prints in the file `log`.
pub(crate) fn run_bounded(command: &mut Command, limit: Duration, log: &Path) -> Result<Ending> {
    let file = File::create(log)?;
    let deadline = Instant::now() + limit;
    let mut child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(Ending::Success),
            Some(_) => return Ok(Ending::Failure),
            None if Instant::now() >= deadline => {
                child.kill()?;
                child.wait()?;
                return Ok(Ending::TimedOut);
            }
            None => thread::sleep(INTERVAL),
        }
    }
}

/// Whether `PATH` has the program.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// The files of the working tree: what is tracked, and what is new and not ignored.
pub(crate) fn files_of_the_tree() -> Result<Vec<PathBuf>> {
    let list = output_of(Command::new("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]))?;
    let files = list.split_terminator('\0').map(PathBuf::from);
    // A file that is deleted but still tracked is listed, too.
    Ok(files.filter(|file| file.is_file()).collect())
}

/// The directory for build results, as an absolute path.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let dir = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    fs::create_dir_all(&dir)?;
    Ok(dir.canonicalize()?)
}

fn as_typed(command: &Command) -> String {
    let settings = command.get_envs().map(|(name, value)| {
        let value = value.unwrap_or_default().to_string_lossy();
        format!("{}='{value}'", name.to_string_lossy())
    });
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args()).map(quoted);
    settings.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains([' ', '*', '\'']) {
        format!("'{word}'")
    } else {
        word.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Duration, Ending, run_bounded, target_dir};

    #[test]
    fn a_process_ends_by_itself_or_at_the_limit() {
        let log = target_dir().expect("exists").join("xtask-test.log");
        let run = |script: &str, limit| {
            run_bounded(Command::new("sh").args(["-c", script]), limit, &log).expect("starts")
        };
        let (short, long) = (Duration::from_millis(50), Duration::from_secs(60));
        assert!(matches!(run("exit 0", long), Ending::Success));
        assert!(matches!(run("kill -ABRT $$", long), Ending::Failure));
        assert!(matches!(run("exec sleep 600", short), Ending::TimedOut));
    }
}
