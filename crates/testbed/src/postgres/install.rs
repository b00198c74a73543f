//! Where PostgreSQL is, and as whom it runs.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::supervised::{Program, find};

/// Debian keeps the programs of each version in a directory of its own, outside of `PATH`.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The user `nobody` and its group, by number: it is there on every system.
const NOBODY: u32 = 65534;

/// Where a program of the server's is: the newest one, unless one is in `PATH`.
pub(super) fn program(program: Program) -> Result<PathBuf, Error> {
    find(program).or_else(|missing| {
        let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
        let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
        let mut paths: Vec<_> = versions.map(|entry| entry.path()).collect();
        paths.sort_by_key(|path| number(path));
        let programs = paths.iter().rev().map(|path| path.join("bin").join(program.name));
        programs.into_iter().find(|path| path.is_file()).ok_or(missing)
    })
}

/// What to put before a command of the server's, which refuses to run as root: its directory is
/// nobody's then.
pub(super) fn prefix(dir: &Path) -> Result<Vec<OsString>, Error> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Vec::new());
    }
    give(dir)?;
    let setpriv = find(Program { name: "setpriv", package: "util-linux" })?;
    let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".into()];
    Ok([setpriv.into_os_string()].into_iter().chain(user.map(Into::into)).collect())
}

/// Makes the server the owner of a file or directory, if it runs as another user than we do.
pub(super) fn give(path: &Path) -> Result<(), Error> {
    if rustix::process::geteuid().is_root() {
        chown(path, Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}

/// Makes an empty database cluster that trusts everybody; the user is `postgres`.
pub(super) fn make_cluster(prefix: &[OsString], data: &Path) -> Result<(), Error> {
    const INITDB: Program = Program { name: "initdb", package: super::PROGRAM.package };
    let program = program(INITDB)?.into_os_string();
    let mut words = prefix.iter().chain([&program]);
    let made = Command::new(words.next().unwrap_or(&program))
        .args(words)
        .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync", "-D"])
        .arg(data)
        .stdin(Stdio::null())
        .output()?;
    if made.status.success() {
        return Ok(());
    }
    let log = String::from_utf8_lossy(&made.stderr).into_owned();
    Err(Error::NotReady { program: INITDB.name, log })
}
